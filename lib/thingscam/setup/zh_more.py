# What is wrong with settings that the page's form does not have, in Chinese: as zh.py.

TEXTS = (
    "setup.password: must be 8 to 63 bytes for an access point\n"
    "setup.password：接入点的密码须为 8 到 63 字节",
    "setup.pin: GPIO{} is taken: choose another, or null\n"
    "setup.pin：GPIO{} 已被占用：请换一个，或填 null",
    "and {} more\n另有 {} 处",
    "larger than {} bytes\n超过 {} 字节",
    "remote.every_s: {} is too often: at least {}, or 0 for never\n"
    "remote.every_s：{} 太频繁：不小于 {}，或为 0（从不）",
    "remote.every_s: settings come from cloud.device_endpoint: set it, or this to 0\n"
    "remote.every_s：远程配置来自 cloud.device_endpoint：请填写它，或把这一项设为 0",
    "remote.insecure: anybody on the way could set this camera: use https with "
    "cloud.verify, or set it to true\n"
    "remote.insecure：链路上的任何人都能改这台摄像头的配置：请用 https 并打开 "
    "cloud.verify，或把这一项设为 true",
    "outbox.path: no SD card can be used on the board {}: set it to /outbox\n"
    "outbox.path：开发板 {} 不能使用 SD 卡：请设为 /outbox",
    "cloud.ca: null, but a board has no certificates of its own: give one in DER\n"
    "cloud.ca: null，但开发板没有自带的证书库：请提供 DER 格式的 CA 证书",
    "report.every_s: {} is too often: at least {}, or 0 for none\n"
    "report.every_s: {} 太频繁：至少 {}，或者设为 0（不上报）",
    "trigger.pir_pin: GPIO{} {} on the board {}, set it to {}\n"
    "trigger.pir_pin：在开发板 {2} 上，GPIO{0} {1}，请改为 {3}",
    "12 (first see docs/board.md, An SD card), or outbox.path to /outbox\n"
    "12（请先看 docs/board.zh-CN.md 的“SD 卡”一节），或者把 outbox.path 改为 /outbox",
    "battery.pin: GPIO{} {}; on the board {} it can be {} (docs/board.md, The battery)\n"
    "battery.pin：GPIO{} {}；在开发板 {} 上可以用 {}（见 docs/board.zh-CN.md "
    "的“电池”一节）",
    "cannot be measured while Wi-Fi is on\n在 Wi-Fi 工作时无法测量电压",
    "is not led out\n没有引出",
    "battery.pin: GPIO{} is trigger.pir_pin too\nbattery.pin：GPIO{} 同时也是 trigger.pir_pin",
    "battery.low_v: {} must lie between critical_v {} and charged_v {}\n"
    "battery.low_v：{} 必须在 critical_v {} 和 charged_v {} 之间",
    "battery.divider: {} leaves {} V on the pin of {} V, more than {} V can be told\n"
    "battery.divider：按 {0}，{2} V 的电池在引脚上有 {1} V，超过可测的 {3} V",
    "schedule.timezone: {} {}; such as CET-1CEST,M3.5.0,M10.5.0/3: see docs/board.md\n"
    "schedule.timezone：{} {}；例如 CET-1CEST,M3.5.0,M10.5.0/3：见 docs/board.zh-CN.md",
    "schedule.{}: missing, and {} goes by the sun\nschedule.{}：缺少，而 {} 要用到日出日落",
    "schedule.longitude: {} is far from {}: east is above 0 here, below 0 there\n"
    "schedule.longitude：{} 与时区 {} 相差太远：东经在这里大于 0，在时区文本里小于 0",
    "{}: unknown, there are {}\n{}：未知，只有 {}",
    "at character {} must be {}\n第 {} 个字符处应为：{}",
    "says not when summer time begins and ends: such as ,M3.5.0,M10.5.0/3\n"
    "没有说明夏令时何时开始和结束：例如 ,M3.5.0,M10.5.0/3",
    "{}, from {} to {}\n{}，从 {} 到 {}",
    "its offset from UTC, west of it above 0\n与 UTC 的时差，以西大于 0",
    "summer time's offset from UTC\n夏令时与 UTC 的时差",
    "its end\n结尾",
    "a zone's name, three letters or more, others in < >\n"
    "时区缩写，三个或更多字母，其他字符放在 < > 里",
    "the > of a zone's name\n时区缩写的 >",
    "a comma and when summer time begins and ends\n逗号，以及夏令时何时开始和结束",
    "a month\n月份",
    "which week of the month, 5: the last\n当月第几周，5：最后一周",
    "a weekday, 0: Sunday\n星期几，0：星期日",
    "a day of the year\n一年中的第几天",
    "a rule such as M3.5.0, or a day of the year\n规则（例如 M3.5.0），或一年中的第几天",
    "the hour of the change\n切换的小时",
    "a dot\n点号",
    "from and to are the same: for the whole day leave both out\n"
    "from 和 to 相同：要全天，就把两个都省略",
    "{}.from and to are the same: for the whole day leave both out\n"
    "{}：from 和 to 相同：要全天，就把两个都省略",
    '{}days: must be a text such as "mon-fri" or "sat,sun"\n'
    '{}days：必须是文本，例如 "mon-fri" 或 "sat,sun"',
    '{}days: must be such as "mon-fri" or "sat,sun", of {}; found {}\n'
    '{}days：必须像 "mon-fri" 或 "sat,sun"，由 {} 组成；现在是 {}',
    '{}: must be "HH:MM", "sunrise", or such as "sunset+00:30"\n'
    '{}：必须是 "HH:MM"、"sunrise"，或像 "sunset+00:30"',
    "{}; found {}\n{}；现在是 {}",
    "a number of degrees, such as 52.5\n度数，例如 52.5",
    "must be from {} to {} degrees\n必须在 {} 到 {} 度之间",
    "must be a list of objects, 20 at most\n必须是对象的列表，最多 20 个",
    "update.url: missing, and the other settings of update are for it alone\n"
    "update.url: 缺少，而 update 的其它配置项只为它服务",
    "update.url: must begin with https://, as cloud.endpoint does\n"
    "update.url: 必须以 https:// 开头，与 cloud.endpoint 一样",
    "needs a path: the name of a file\n缺少路径：文件的名称",
    "has a path with a blank, an accent or a fragment\n路径中有空格、非 ASCII 字符或片段（#）",
)
