# The catalogue: each text that `config` and `doctor` show, and its Chinese. A gap {} stands for a
# value; in Chinese {0}, {1} puts the values in another order. Settings, commands, names of pins
# and log words stay as they are; so do the words of the service's own documentation.

from thingscam.setup import outcome_zh, zh, zh_more

_ON_BOARDS = [each.partition("\n") for each in zh.TEXTS + outcome_zh.TEXTS + zh_more.TEXTS]
TEXTS: dict[str, str] = {english: chinese for english, _, chinese in _ON_BOARDS} | {
    # config: questions, and what is said before them (tools/host/questions.py)
    "This makes {}: the settings of one camera. What is not asked has a default.": (
        "现在生成 {}：一台摄像头的配置。没有问到的项目都有默认值。"
    ),
    "Enter alone takes what stands in [brackets]. Ctrl-C ends it, and nothing is written.": (
        "直接按回车，采用 [方括号] 里的值。按 Ctrl-C 退出，不写入任何文件。"
    ),
    'Where the service\'s values come from: docs/board.md, "Where the values come from".': (
        "云平台的各项参数从哪里获取，见 docs/board.zh-CN.md 的“参数从哪里来”一节。"
    ),
    "ThingsCloud's image upload takes its enterprise plan, and OSS storage of your own.": (
        "设备图片上传需要 ThingsCloud 企业版及以上版本，并集成您自己的阿里云 OSS 对象存储。"
    ),
    "to undo what was set from afar: python -m tools deploy PORT": (
        "撤销远程设置的内容，还需要：python -m tools deploy PORT"
    ),
    "More settings: orientation, hours, battery, reports, setup by telephone, updates?": (
        "更多设置：画面方向、时段、电池、状态上报、手机配网、在线更新？"
    ),
    "Upside down (true, false, null)": "上下翻转（true、false、null）",
    "The picture stands on its head?": "画面是倒的吗？",
    "Mirrored (true, false, null)": "左右翻转（true、false、null）",
    "Left and right are exchanged?": "画面左右相反吗？",
    "Hours of pictures": "拍照的时段",
    "Such as 07:00-18:00, sunrise-sunset, or a list as in docs/board.md, Hours; []: always.": (
        "例如 07:00-18:00、sunrise-sunset，或 docs/board.zh-CN.md 里的列表；[]：任何时候。"
    ),
    "Time zone": "时区",
    "Of these hours: such as Asia/Shanghai or Europe/Berlin.": (
        "上述时段所用的时区：例如 Asia/Shanghai 或 Europe/Berlin。"
    ),
    "Latitude (null: none)": "纬度（null：没有）",
    "Degrees, for sunrise and sunset.": "单位为度，用于计算日出日落。",
    "Longitude (null: none)": "经度（null：没有）",
    "Degrees, east of Greenwich above 0.": "单位为度，东经大于 0。",
    "GPIO of the battery (null: none)": "电池的 GPIO（null：没有）",
    "Its voltage is measured through two resistors: docs/board.md, The battery.": (
        "通过两个电阻分压测量电压：见 docs/board.zh-CN.md 的“电池”一节。"
    ),
    "Endpoint of the device (null: none)": "设备接入点（null：没有）",
    "Console, the device's page, Connection: where the camera reports how it is.": (
        "控制台，设备页面，连接：摄像头向这里上报自身状态。"
    ),
    "A report every so many seconds (0: events alone)": "每隔多少秒上报一次（0：只上报事件）",
    "With that endpoint:": "设置了该接入点时：",
    "Ask for settings every so many seconds (0: never)": "每隔多少秒查询一次远程设置（0：从不）",
    "Settings and commands from afar, by that endpoint: docs/remote.md.": (
        "通过该接入点接收远程设置和命令：见 docs/remote.md。"
    ),
    "Password of the board's own network": "开发板自建网络的密码",
    "For setup by telephone, 8 to 63 bytes; not set: the board makes one. Not shown.": (
        "用于手机配网，8 到 63 字节；不设置则由开发板自己生成。输入时不显示。"
    ),
    "GPIO that opens setup (null: none)": "打开手机配网的 GPIO（null：没有）",
    "Held to GND for 3 s: docs/setup.md.": "接 GND 保持 3 秒：见 docs/setup.zh-CN.md。",
    "URL of new versions (null: none)": "新版本的网址（null：没有）",
    "Of their latest.json: docs/update.md.": "即其 latest.json 的网址：见 docs/update.md。",
    "ended: nothing was written": "已退出，没有写入任何文件",
    "Enter alone will not do: a camera cannot work without this value. Ctrl-C ends.": (
        "这一项不能留空：没有它摄像头无法工作。按 Ctrl-C 退出。"
    ),
    "no password: taken as an open network": "没有密码：按开放网络处理",
    "Enter keeps it": "按回车保留原值",
    "Once more; Enter keeps what is shown.": "请再填一遍；按回车保留显示的值。",
    "answer y or n": "请回答 y（是）或 n（否）",
    "Wi-Fi name (SSID)": "Wi-Fi 名称（SSID）",
    "The board's Wi-Fi, 2.4 GHz only; case counts.": (
        "开发板要连接的 Wi-Fi，仅支持 2.4 GHz；区分大小写。"
    ),
    "Wi-Fi password": "Wi-Fi 密码",
    "Not shown as you type; Enter: an open network.": "输入时不显示；直接按回车：开放网络。",
    "Endpoint of the image service (https://host)": "图片上传接入点（https://主机名）",
    "The address for image uploads, from ThingsCloud's support: it is none of those that the "
    "console shows.": (
        "图片上传专用的接入点，向 ThingsCloud 技术支持索取；不是控制台里显示的那些接入点。"
    ),
    "The device's AccessToken": "设备的 AccessToken",
    "Console, the device's page, Connection, device certificate. Not shown as you type.": (
        "控制台 > 设备详情页 > 连接 > 设备证书。输入时不显示。"
    ),
    "The project's Project-Key": "项目的 ProjectKey（项目密钥）",
    "On the same page. Not shown as you type.": "在同一个页面。输入时不显示。",
    "Identifier of the picture's attribute": "图片属性的标识符",
    "Console, the device type, its functions: an attribute, text in picture URL format, such as "
    "image.": (
        "控制台 > 设备类型 > 功能定义：一个文本类型、设置为图片 URL 格式的属性，例如 image。"
    ),
    "Region of the device": "设备所属的区域（Region）",
    "What the service calls the device's region, not where the camera hangs: ask ThingsCloud's "
    "support for it, with the endpoint.": (
        "设备在云平台上所属的区域标识，不是摄像头的安装地点：请与接入点一起"
        "向 ThingsCloud 技术支持索取。"
    ),
    '"{}" is a board\'s name. Is it really your region?': (
        "“{}”是开发板的型号。它真的是您的区域吗？"
    ),
    "Board (number or name)": "开发板（序号或名称）",
    "The board:": "开发板：",
    "ESP32-CAM by AI-Thinker, and boards like it": "安信可 ESP32-CAM 及其兼容板",
    "ESP-EYE by Espressif": "乐鑫 ESP-EYE",
    "M5Camera, model A": "M5Camera A 型",
    "M5Camera with the wide lens, and model B": "M5Camera 广角镜头版，以及 B 型",
    "TTGO T-Journal, without PSRAM": "TTGO T-Journal，没有 PSRAM",
    "ESP-WROVER-KIT, and Freenove ESP32-WROVER": "ESP-WROVER-KIT，以及 Freenove ESP32-WROVER",
    "Seeed XIAO ESP32S3 Sense": "Seeed XIAO ESP32S3 Sense",
    "ESP32-S3-EYE by Espressif": "乐鑫 ESP32-S3-EYE",
    "Freenove's ESP32-S3 board with camera": "Freenove 的 ESP32-S3 摄像头开发板",
    "any board whose firmware knows its own pins: built for one board, OpenMV": (
        "固件自带引脚定义的任何开发板：为某一块板编译的固件、OpenMV"
    ),
    "GPIO of the motion sensor (null: none)": "人体感应传感器的 GPIO（null：没有）",
    "The pin that the sensor's OUT is wired to.": "传感器的 OUT 接在哪个引脚上。",
    "A picture every so many seconds (0: none)": "每隔多少秒拍一张（0：不定时拍）",
    "By time, too?": "是否也定时拍照？",
    "Power mode (number or name)": "供电模式（序号或名称）",
    "Power:": "供电：",
    "always on: sees every motion at once; for a mains supply": (
        "一直运行：随时响应每一次移动；适合市电供电"
    ),
    "sleeps between pictures: for a battery": "两次拍照之间深度睡眠：适合电池供电",
    # config: the verb (tools/cli/config.py)
    "{} is there already: leave --base out": "{} 已经存在：请去掉 --base",
    "--mask and --check do not go together": "--mask 和 --check 不能同时使用",
    "--set needs NAME=VALUE": "--set 的格式是 NAME=VALUE",
    "standard input": "标准输入",
    "{}: right": "{}：正确",
    "wrote {}": "已写入 {}",
    "{} is right: only the CA is fetched": "{} 正确：只获取 CA 证书",
    "It has the AccessToken and the Project-Key in it: show it to nobody else.": (
        "其中含有 AccessToken 和 Project-Key：不要给别人看。"
    ),
    "cloud.region: {} is a board's name: if it is your region too, say --yes": (
        "cloud.region: {} 是开发板的型号：如果它确实也是您的区域，请加上 --yes"
    ),
    "Fetch the CA certificate of the endpoint now?": "现在获取接入点的 CA 证书吗？",
    "Is this the CA that the endpoint's owner names?": "这是接入点所有者公布的 CA 吗？",
    "no https endpoint that is verified: no CA needed": (
        "没有需要验证的 https 接入点：不需要 CA 证书"
    ),
    "--fetch-ca: the rows have more than one endpoint": "--fetch-ca：表格里有不止一个接入点",
    "the CA has not the fingerprint of --fingerprint": "CA 的指纹与 --fingerprint 给出的不一致",
    "no CA written: it was not confirmed": "没有写入 CA 证书：未经确认",
    "nothing written: confirm the CA with --fingerprint, or with --yes one that this computer "
    "trusts": (
        "没有写入任何文件：请用 --fingerprint 确认 CA；如果是本机信任的 CA，也可以用 --yes"
    ),
    "What you typed is kept. To go on, either": "您填写的内容已经保存。接下来，任选一种：",
    "- try again, once network and cloud.endpoint are right: {}": (
        "- 确认网络和 cloud.endpoint 无误后再试一次：{}"
    ),
    "- or ask the endpoint's owner for the CA certificate, in DER or PEM, and save it as {}": (
        "- 或者向接入点的所有者索取 CA 证书（DER 或 PEM 格式），保存为 {}"
    ),
    "next, for a bare board: python -m tools flash --firmware FILE --port PORT": (
        "下一步，全新的开发板：python -m tools flash --firmware FILE --port PORT"
    ),
    "for one with thingscam on it: python -m tools deploy PORT": (
        "已经装有 thingscam 的开发板：python -m tools deploy PORT"
    ),
    "which FILE, and how to wire it: docs/board.md, Flashing": (
        "FILE 用哪一个、怎样接线：见 docs/board.zh-CN.md 的“烧录”一节"
    ),
    "--fetch-ca fetches it, or copy it there": "用 --fetch-ca 获取，或者把它复制到那里",
    # The CA certificate (tools/host/ca.py)
    "CA           {} ({})": "CA           {}({})",
    "this computer trusts it": "本机信任",
    "NOT known to this computer": "本机不认识",
    "valid        {} to {} ({} days left)": "有效期       {} 至 {}（还剩 {} 天）",
    "{}: sends what is no certificate: {}": "{}：发来的不是证书：{}",
    "{} sends no root certificate, and the issuer of what it sends ({}) is not in this "
    "computer's store: ask its owner for the CA certificate": (
        "{} 没有发送根证书，它所发证书的颁发者（{}）也不在本机的证书库里："
        "请向它的所有者索取 CA 证书"
    ),
    "{}: has no certificate, only https:// has": "{}：没有证书，只有 https:// 才有",
    "{}:{}: no TLS connection: {}": "{}:{}：无法建立 TLS 连接：{}",
    "{}: a board would refuse it: {}": "{}：开发板会拒绝它：{}",
    # A fleet's table (tools/host/fleet.py)
    "row {}: {}": "第 {} 行：{}",
    "row {}, column {}": "第 {} 行第 {} 列",
    "row 1, column {}: {}": "第 1 行第 {} 列：{}",
    "line {}: {}": "第 {} 行：{}",
    "cannot be read: {}": "无法读取：{}",
    "not UTF-8: save it as CSV UTF-8": "不是 UTF-8 编码：请另存为“CSV UTF-8”",
    "no row below the names of the columns": "列名下面没有任何数据行",
    "row 1: no column called name: it names each board's file": (
        "第 1 行：缺少 name 列：它决定每块开发板的文件名"
    ),
    "row 1: column {} is the same as column {}": "第 1 行：第 {} 列与第 {} 列重复",
    "more cells than columns": "单元格比列名多",
    "name: must be letters, digits, dot, hyphen, underscore": (
        "name：只能包含英文字母、数字、点、横线、下划线"
    ),
    "name: no file can be called so on Windows: choose another": (
        "name:Windows 不允许这样的文件名：请换一个"
    ),
    "name: the same as in row {}": "name：与第 {} 行相同",
    "cloud.access_token: the same as in row {}: each board needs its own": (
        "cloud.access_token：与第 {} 行相同：每块开发板都要有自己的 AccessToken"
    ),
    # Files (tools/host/configfile.py, textfile.py, doctor)
    "{}: {} mistakes": "{}:{} 处错误",
    "{}: no such setting, the nearest known one is {}": "{}：没有这个配置项，最接近的是 {}",
    "{}: set wifi[{}] first": "{}：请先设置 wifi[{}]",
    "{}: the file has no object there: fix it first": "{}：文件中该处不是 JSON 对象：请先修正",
    "{}: no such file: to make it: python -m tools config {}": (
        "{}：没有这个文件：生成它的命令：python -m tools config {}"
    ),
    "{}: cannot be read: {}": "{}：无法读取：{}",
    "{}: not JSON, line {} column {}: look for a missing quote, comma or brace": (
        "{}：不是 JSON，第 {} 行第 {} 列：检查是否缺少引号、逗号或括号"
    ),
    "{}: holds no JSON object: fix or remove it": "{}：内容不是 JSON 对象：请修正或删除",
    "camera.board: {} has an {}, and this one an {}: name the right board": (
        "camera.board: {} 的芯片是 {}，而这块板是 {}：请填写正确的开发板"
    ),
    "{}: not there: {}": "{}：不存在：{}",
    "{}: no certificate, neither in DER nor in PEM: {}": (
        "{}：不是证书，既非 DER 也非 PEM 格式：{}"
    ),
    "{}: no such folder: make it first": "{}：没有这个文件夹：请先创建",
    "{}: not UTF-8 (line {}): save it as UTF-8 (Notepad: Save as, Encoding)": (
        "{}：不是 UTF-8 编码（第 {} 行）：请另存为 UTF-8（记事本：另存为，编码）"
    ),
    "{}: {} certificates are in it: leave the CA's alone there": (
        "{}：里面有 {} 个证书：请只保留 CA 的那一个"
    ),
    # What is wrong with a setting (lib/thingscam/config): the rest of it
    "must hold one object, found {}": "必须是一个对象，现在是{}",
    "begins with a byte-order mark: save it as UTF-8 without one": (
        "开头有字节顺序标记（BOM）：请另存为无 BOM 的 UTF-8"
    ),
    "not UTF-8 text: save it as UTF-8": "不是 UTF-8 文本：请另存为 UTF-8",
    "not JSON{}: look for a missing quote, comma or brace": (
        "不是 JSON{}：检查是否缺少引号、逗号或括号"
    ),
    ", line {} column {}": "，第 {} 行第 {} 列",
    "there is too little memory to read it: make it shorter": "内存不足，无法读取：请缩短内容",
    "cannot be read ({}): copy config.example.json and fill it in": (
        "无法读取（{}）：请复制 config.example.json 并填写"
    ),
    # doctor: the steps (tools/cli/doctor)
    "MicroPython": "MicroPython",
    "thingscam": "thingscam",
    "filesystem": "文件系统",
    "configuration": "配置",
    "PSRAM": "PSRAM",
    "camera": "摄像头",
    "Wi-Fi": "Wi-Fi",
    "DNS": "DNS",
    "clock": "时钟",
    "TCP": "TCP",
    "TLS": "TLS",
    "upload": "上传",
    "SD card": "SD 卡",
    "status LED": "状态指示灯",
    "bright light": "补光灯",
    "motion sensor": "人体感应",
    "battery": "电池",
    "setup by telephone": "手机配网",
    "looking the board over; its program is stopped meanwhile": (
        "正在检查开发板；检查期间板上的程序暂停"
    ),
    "not looked at: {} first": "未检查：请先解决“{}”",
    "not asked for": "未要求",
    "no answer": "没有应答",
    "reset the board and try again": "复位开发板后再试",
    "flash the firmware anew": "请重新烧录固件",
    "its answer makes no sense: {}": "应答无法理解：{}",
    "damaged: {}": "数据损坏：{}",
    "look at the board: its lamps are lit now": "请看着开发板：现在依次点亮它的灯",
    "wave now, before the sensor: there are {} s": "请现在在传感器前挥手：限时 {} 秒",
    "Was the small LED lit three times ({})?": "小指示灯亮了三次吗（{}）？",
    "Was the bright light on ({})?": "补光灯亮了吗（{}）？",
    "{}, and was not seen": "{}，但没有看到灯亮",
    "{}, and nobody was asked: on a terminal you are": "{}，没有人确认：在终端里运行才会询问",
    "--ask needs a terminal": "--ask 需要在终端里运行",
    "check camera.board": "检查 camera.board",
    "{}, at the step {}: a weak power supply does that (brown-out): 5 V, 500 mA or more, a short "
    "cable, 100 uF at the board": (
        "{}，在“{}”这一步：供电不足会这样（欠压复位）：请用 5 V、500 mA 以上的电源和短线，"
        "板上并联 100 uF 电容"
    ),
    # doctor: MicroPython, files, file system, configuration
    "{}, at the step {}": "{}，在“{}”这一步",
    "thingscam needs 1.22 or later: flash another": "thingscam 需要 1.22 或更高版本：请换固件",
    "flash MicroPython 1.22 or later": "请烧录 MicroPython 1.22 或更高版本",
    "{}, frozen into the firmware": "{}，已编译进固件（冻结模块）",
    "{}; on this computer is {}": "{}；本机的版本是 {}",
    "{}, as on this computer, as source": "{}，与本机一致，源代码形式",
    "{}, as on this computer, compiled": "{}，与本机一致，编译形式（.mpy）",
    "{}, as on this computer, {}": "{}，与本机一致，{}",
    "as source": "源代码形式",
    "without a version": "没有版本号",
    "{} of {} files are not as on this computer": "{} 个文件与本机不同，共 {} 个",
    "not the same files as on this computer": "文件与本机不同",
    "python -m tools deploy {}": "python -m tools deploy {}",
    "write a new one: python -m tools flash --firmware FILE --port {}": (
        "请重新写入：python -m tools flash --firmware FILE --port {}"
    ),
    "python -m tools config, then python -m tools deploy {}": (
        "python -m tools config，然后 python -m tools deploy {}"
    ),
    "python -m tools config {} --fetch-ca": "python -m tools config {} --fetch-ca",
    "{} of {} KB free": "剩余 {} KB，共 {} KB",
    "remove old pictures (outbox.path), or lower outbox.max_bytes": (
        "删除旧图片（outbox.path），或减小 outbox.max_bytes"
    ),
    "a write to the SD card of outbox.path that fails counts as done before 1.24.1": (
        "outbox.path 在 SD 卡上，而 1.24.1 之前的版本会把写卡失败当作成功"
    ),
    "flash MicroPython 1.24.1 or later, or set outbox.path to /outbox": (
        "请烧录 MicroPython 1.24.1 或更高版本，或者把 outbox.path 改为 /outbox"
    ),
    # doctor: PSRAM, camera
    "none": "没有",
    "none, as this board is known": "没有，这块开发板本来就没有",
    "{} KB, as this board is known": "{} KB",
    "none seen, and the board should have it": "没有检测到，而这块开发板应该有",
    "take firmware with PSRAM support (SPIRAM)": "请使用支持 PSRAM(SPIRAM)的固件",
    "take firmware with PSRAM support (SPIRAM), or check camera.board": (
        "请使用支持 PSRAM(SPIRAM)的固件，或检查 camera.board"
    ),
    "take firmware with PSRAM support, or a smaller camera.frame_size": (
        "请使用支持 PSRAM 的固件，或减小 camera.frame_size"
    ),
    "check the camera's ribbon cable and the power supply": "检查摄像头排线和供电",
    "more: docs/troubleshooting.md": "详见 docs/troubleshooting.zh-CN.md",
    "OpenMV driver, {} bytes": "OpenMV 驱动，{} 字节",
    "lemariva's driver, {} bytes": "lemariva 驱动，{} 字节",
    "{}, {} bytes": "{},{} 字节",
    "OpenMV driver": "OpenMV 驱动",
    "lemariva's driver": "lemariva 驱动",
    "{}, saved as {}": "{}，已保存为 {}",
    "{}, but black": "{}，但画面全黑",
    "take the cap or film off the lens, switch a light on": "取下镜头盖或保护膜，并打开灯",
    # doctor: Wi-Fi, DNS, clock, TCP, TLS
    "{}, by wifi[{}]": "{}，来自 wifi[{}]",
    "not joined": "未连接",
    "Wi-Fi {} seems to refuse the password: check wifi": ("Wi-Fi {} 似乎拒绝了密码：请检查 wifi"),
    "Wi-Fi {} does not answer (status {})": "Wi-Fi {} 没有应答（状态 {}）",
    "check name and password in wifi, and that it is a 2.4 GHz network in reach": (
        "检查 wifi 里的名称和密码，并确认它是信号范围内的 2.4 GHz 网络"
    ),
    "check wifi, and the power supply: the radio draws up to 500 mA": (
        "检查 wifi 和供电：射频部分最多需要 500 mA"
    ),
    "too weak to rely on: move the antenna or the access point": (
        "信号太弱，不可靠：请调整天线或路由器的位置"
    ),
    "{} is at {}": "{} 的地址是 {}",
    "{}: the name does not resolve ({})": "{}：域名无法解析（{}）",
    "check cloud.endpoint, and that the network has a way to the internet": (
        "检查 cloud.endpoint，并确认网络能访问互联网"
    ),
    "not set, {} ({})": "未设置，{}({})",
    "no certificate can be checked": "无法验证证书",
    "pictures have no time": "图片没有时间",
    "no time from {} ({})": "{} 没有给出时间（{}）",
    "no time from any server, next try in {} s": "所有服务器都没有给出时间，{} 秒后再试",
    "let UDP port 123 (NTP) through": "请放行 UDP 123 端口（NTP）",
    "port {} open, {} ms": "端口 {} 可以连接，{} ms",
    "port {}: {}": "端口 {}:{}",
    "check cloud.endpoint, and the network's firewall": "检查 cloud.endpoint 和网络防火墙",
    "not used: cloud.endpoint is http": "未使用：cloud.endpoint 是 http",
    "check cloud.ca: python -m tools config --fetch-ca": (
        "检查 cloud.ca:python -m tools config --fetch-ca"
    ),
    "check cloud.ca (python -m tools config --fetch-ca) and the clock": (
        "检查 cloud.ca(python -m tools config --fetch-ca)和时钟"
    ),
    "not verified: anyone on the way may read along": "未验证证书：途中任何人都可能窃听",
    "set cloud.verify to true": "请把 cloud.verify 设为 true",
    "the certificate of {} is good": "{} 的证书有效",
    # doctor: upload; what an error code asks for (lib/thingscam/cloud)
    "{} bytes in {} ms -> {}": "{} 字节，用时 {} ms -> {}",
    "check the cloud settings": "检查 cloud 下的各项配置",
    # doctor: updates
    "updates": "在线更新",
    "{}, from {}": "{}，来自 {}",
    "there is no /slot/__init__.mpy: none are taken": "没有 /slot/__init__.mpy，不会接收更新",
    "not used: there is no update.url": "未使用：没有设置 update.url",
    "what {} holds is for another MicroPython: {} runs, which came by cable": (
        "{} 中的文件适用于另一版本的 MicroPython，当前运行的是用数据线部署的 {}"
    ),
    "{} is on trial in {}": "{} 正在 {} 中试运行",
    "{} runs, from {}": "当前运行 {}，来自 {}",
    "{} runs, which came by cable": "当前运行 {}，用数据线部署",
    "; {} did not work: not taken again, but deploy clears the slots": (
        "；{} 未能正常工作，不会再次接收（deploy 会清空更新槽）"
    ),
    # doctor: reports
    "reports": "状态上报",
    "not used: there is no cloud.device_endpoint": "未使用：没有设置 cloud.device_endpoint",
    "check cloud.device_endpoint, cloud.access_token and cloud.project_key": (
        "检查 cloud.device_endpoint、cloud.access_token 和 cloud.project_key"
    ),
    "check cloud.device_endpoint": "检查 cloud.device_endpoint",
    "an attribute of the device type has another data type in the console": (
        "控制台里该设备类型的某个属性是另一种数据类型"
    ),
    "{} knows the device, {} ms": "{} 认得这台设备，用时 {} ms",
    "errcode {} {}: {} (retry)": "errcode {} {}：{}（retry：会重试）",
    "errcode {} {}: {} (wait)": "errcode {} {}：{}（wait：等待后再试）",
    "errcode {} {}: {} (drop)": "errcode {} {}：{}（drop：丢弃这一张）",
    "errcode {} {}: {} (stop)": "errcode {} {}：{}（stop：改好之前停止上传）",
    "the service's pace": "云平台的请求频率限制",
    # send, and what is no picture (lib/thingscam/image/checks.py)
    "not sent ({}): {}": "没有发送（{}）：{}",
    "not sent ({}): errcode {} {}: wait 10 s": "没有发送（{}）：errcode {} {}：请等待 10 秒",
    "cloud.ca {}: No such file: python -m tools config {} --fetch-ca --no-wifi": (
        "cloud.ca {}：没有这个文件：python -m tools config {} --fetch-ca --no-wifi"
    ),
    "{}: empty picture: 0 bytes": "{}：图片为空：0 字节",
    "{}: JPEG without start: no FF D8 FF at its head": "{}:JPEG 没有开头：最前面不是 FF D8 FF",
    "{}: not a picture: begins with {}": "{}：不是图片：开头是 {}",
    "{}: picture too large: {} bytes, limit {}": "{}：图片太大：{} 字节，上限 {}",
    # What the system says
    "No such file or directory": "没有这个文件或文件夹",
    "Permission denied": "没有权限",
    "Is a directory": "是一个文件夹",
    "No space left on device": "磁盘空间不足",
    "Connection refused": "连接被拒绝",
    "Network is unreachable": "网络不可达",
    "No route to host": "找不到到主机的路由",
    # doctor: what is wired (tools/cli/doctor/wired.py)
    "take another card": "请换一张卡",
    "check trigger.pir_pin": "检查 trigger.pir_pin",
    "not used: outbox.path is on the flash": "未使用：outbox.path 在 flash 上",
    "more: docs/troubleshooting.md, The SD card is not found": (
        "详见 docs/troubleshooting.zh-CN.md 的“找不到 SD 卡”一节"
    ),
    "writing failed: {}": "写入失败：{}",
    "what was written reads back different": "读回的内容与写入的不同",
    "{} of {} MB free, {} waiting, written and read": (
        "剩余 {} MB，共 {} MB,{} 张等待上传，读写正常"
    ),
    "none is known on this board": "这块开发板没有已知的",
    "{} was lit three times": "{} 亮了三次",
    "{} was lit for a second": "{} 亮了一秒",
    "{} was high for a second (infra-red shows in a phone's camera)": (
        "{} 高电平保持了一秒（红外光可以用手机摄像头看到）"
    ),
    "check battery.pin": "检查 battery.pin",
    "not measured: battery.pin is null": "未测量：battery.pin 为 null",
    "check the two resistors, and the wires to battery, GND and pin": (
        "检查两个分压电阻，以及到电池、GND 和引脚的接线"
    ),
    "{} V, {} mV on GPIO{}": "{0} V，GPIO{2} 上为 {1} mV",
    "{}: no battery of these levels has that": "{}：按所设的电压级别，电池不可能是这个电压",
    "compare with a multimeter: is battery.divider right?": (
        "用万用表核对：battery.divider 是否正确？"
    ),
    "{}: critical": "{}：电量极低（critical）",
    "charge it: the camera would sleep now": "请充电：摄像头现在会进入睡眠",
    "{}: low": "{}：电量低（low）",
    "{}: good": "{}：正常",
    "Wi-Fi {}, {}; while it runs: {}; at its start: {}": ("Wi-Fi {}，{}；运行时：{}；启动时：{}"),
    "password as in setup.password": "密码为 setup.password 中设置的",
    "password as printed on the console": "密码为控制台上显示过的",
    "no password yet: it is made as setup opens": "还没有密码：打开手机配网时生成",
    "no pin": "没有可用的引脚",
    "no pin, for setup.pin is null, or sensor, lamp or card have the usual one": (
        "没有，因为 setup.pin 为 null，或默认引脚已被传感器、灯或 SD 卡占用"
    ),
    "no pin, for setup.password or setup.pin is not set": (
        "没有，因为没有设置 setup.password 或 setup.pin"
    ),
    "GPIO{} held to GND for 3 s": "GPIO{} 接 GND 保持 3 秒",
    "GPIO{} held for 3 to 10 s": "GPIO{} 接 GND 保持 3 到 10 秒",
    "none: trigger.pir_pin is null": "没有：trigger.pir_pin 为 null",
    "GPIO{} is {}": "GPIO{} 的电平：{}",
    "{} changed {} times: nothing drives it": "{} 变化了 {} 次：引脚悬空",
    "check the wire to the sensor's OUT, and GND": "检查到传感器 OUT 的接线和 GND",
    "{} went high after {} s": "{} 在 {} 秒后变为高电平",
    "{} stayed high": "{} 一直为高电平",
    "set the sensor's time (Tx) to its minimum, and check its GND": (
        "请把传感器的延时（Tx）调到最小，并检查它的 GND"
    ),
    "{} stayed low": "{} 一直为低电平",
    "check OUT and supply of the sensor: it needs a minute after power-on": (
        "检查传感器的 OUT 和供电：上电后需要等一分钟"
    ),
    "none answers": "没有卡应答",
    "it is not formatted as FAT32": "没有格式化为 FAT32",
    "it cannot be read": "无法读取",
    "this firmware has no SD card driver": "固件没有 SD 卡驱动",
    # The serial port (tools/host/port.py, boardlink.py)
    "there is no serial port at all": "没有找到任何串口",
    "there are: {}": "现有串口：{}",
    "{}: no such kind of port": "{}：不支持这种串口",
    "{}: no such port: plug the board in; {}": "{}：没有这个串口：请插上开发板；{}",
    "{}: no permission: add yourself to the port's group (Linux: sudo usermod -aG dialout $USER, "
    "then log in again)": (
        "{}：没有权限：请把自己加入串口所属的用户组"
        "（Linux: sudo usermod -aG dialout $USER，然后重新登录）"
    ),
    "{}: in use: close the terminal or tool that has it open": (
        "{}：串口被占用：请关闭正在使用它的终端或工具"
    ),
    "{}: not a serial port": "{}：不是串口",
    "{}: the board talks, but does not come to MicroPython's prompt in {} s: press RST and "
    "try again; if it stays so, flash the firmware anew": (
        "{}：开发板有输出，但 {} 秒内没有进入 MicroPython 提示符：请按 RST 再试；"
        "仍然如此则重新烧录固件"
    ),
    "{}: the board does not answer: press RST (or, if it sleeps, give --wait longer than that), "
    "check that GPIO0 is not at GND, that it has MicroPython on it and that TX and RX are "
    "crossed": (
        "{}：开发板没有应答：请按 RST（如果它在睡眠，请给出比睡眠更长的 --wait），"
        "确认 GPIO0 没有接 GND、"
        "板上装有 MicroPython、TX 与 RX 交叉连接"
    ),
    "{}: the board's answer makes no sense: {}: flash the firmware anew": (
        "{}：开发板的应答无法理解：{}：请重新烧录固件"
    ),
    "{}: the board takes nothing in: press RST and try again": (
        "{}：开发板不接收数据：请按 RST 再试"
    ),
    "{}: the connection was lost: is it unplugged?": "{}：连接断开：是不是拔掉了？",
    "{}: the board does not answer as it should: {}: press RST and try again": (
        "{}：开发板的应答不正确：{}：请按 RST 再试"
    ),
    "on the board: {}": "开发板报错：{}",
    "an error without a text": "没有说明",
    "{}: the board's filesystem is full: no room for {} bytes": (
        "{}：开发板的文件系统已满：放不下 {} 字节"
    ),
    "{}: cannot be read (error {})": "{}：无法读取（错误 {}）",
    "{}: the board restarted": "{}：开发板重启了",
    "{}: the board restarted, or lost its way": "{}：开发板重启了，或者程序跑飞了",
    "(silent for {} s: nothing happens, or the board sleeps between pictures, by power.mode. To "
    "see that it lives, press RST: a start prints lines. If it does not: are TX and RX crossed, "
    "is GPIO0 off GND, is it this board's port?)": (
        "(已静默 {} 秒：没有事件发生，或者开发板按 power.mode 在睡眠。"
        "要确认它在工作，请按 RST：启动时会有输出。"
        "如果没有：TX 与 RX 是否交叉，GPIO0 是否已离开 GND，串口是否选对？)"
    ),
    "{} in {}: the memory holds no {} now": "{} {}：目前内存放不下 {}",
    "; set from afar, undone by config --forget-remote: {}": (
        "；远程设置的内容（config --forget-remote 可撤销）：{}"
    ),
    ", does not take sensor.{}": "，不支持 sensor.{}",
    "its free space": "剩余空间",
    "its files": "文件列表",
    # schedule (lib/thingscam/schedule/, lib/thingscam/config/schedule.py)
    "{}: no known time zone: such as Europe/Berlin, or {}": (
        "{}：没有这个时区：例如 Europe/Berlin，或 {}"
    ),
    "hours": "时段",
    "none: pictures are taken at all hours": "没有设置：任何时候都拍照",
    "the clock is not set: pictures are taken at all hours": "时钟未设置：任何时候都拍照",
    "{} here, within the hours {}; today: {}": "当地 {}，在时段内，{}；今天：{}",
    "{} here, outside the hours {}; today: {}": "当地 {}，在时段外，{}；今天：{}",
    "for a week": "持续一周",
    "until {}": "直到 {}",
    "none begins": "没有时段开始",
    # update (tools/cli/update.py, tools/host/bundle.py)
    "wrote {}: keep it secret, and a copy of it safe": "已写入 {}：请保密，并妥善保存一份备份",
    "wrote {}: for the boards, beside config.json": "已写入 {}：给开发板用，放在 config.json 旁边",
    "{}: is there already, and boards may trust it: it stays": (
        "{}：已经存在，可能有开发板信任它：保留不动"
    ),
    "wrote {} ({} bytes)": "已写入 {}（{} 字节）",
    "wrote {}: offered to {} % of the boards": "已写入 {}：提供给 {} % 的开发板",
    "{}: thingscam {}, {} files, {} bytes; MicroPython {} or later; boards: {}": (
        "{}：thingscam {}，{} 个文件，{} 字节；MicroPython {} 或更高版本；适用的板子：{}"
    ),
    "all": "全部",
    "signed by the key of {}": "签名正确，与 {} 的密钥一致",
    "the board on {} would take it": "{} 上的开发板会接受它",
    "{}: no {} in it: update build makes one": "{}：里面没有 {}：用 update build 生成",
    "update.url for the board's config.json: {}": "开发板 config.json 中的 update.url：{}",
    "the key's passphrase is asked for on a terminal alone: else set {}": (
        "只有在终端上才会询问密钥的口令：否则请设置环境变量 {}"
    ),
    "Passphrase of the key: ": "密钥的口令：",
    "Once more: ": "再输一遍：",
    "these are two different passphrases: nothing was written": (
        "两次输入的口令不同：没有写入任何文件"
    ),
    "an empty passphrase locks nothing: leave --passphrase out": (
        "空口令没有作用：请不要用 --passphrase"
    ),
    "git is missing, to see what is committed: --dirty does without": (
        "没有 git，无法确认哪些已提交：用 --dirty 可跳过"
    ),
    "{}: is no git checkout: --dirty takes it as it is": (
        "{}：不是 git 工作副本：用 --dirty 可按现状采用"
    ),
    "lib/ is not as it is committed ({}): commit it, or --dirty takes it as it is": (
        "lib/ 与已提交的内容不同（{}）：请先提交，或用 --dirty 按现状采用"
    ),
    "no {} on the board: deploy puts it there, where config.json has update.url": (
        "开发板上没有 {}：config.json 中有 update.url 时，deploy 会把它放上去"
    ),
    "{} on the board: {}": "开发板上的 {}：{}",
    "the board does not say what it is: deploy thingscam to it": (
        "开发板没有说明自己是什么：请先部署 thingscam"
    ),
    "{}: compiled for .mpy format {}, the board takes {}: build it anew": (
        "{}：按 .mpy 格式 {} 编译，开发板接受的是 {}：请重新生成"
    ),
    "{}: for MicroPython {} or later, the board has {}: flash a newer firmware": (
        "{}：需要 MicroPython {} 或更高版本，开发板是 {}：请烧录更新的固件"
    ),
    "{}: for the boards {}, and this one is {}": "{}：适用于 {}，而这块是 {}",
    "{}: version {}, and the board has {}: raise __version__, or --allow-downgrade": (
        "{}：版本 {}，开发板已有 {}：请提高 __version__，或用 --allow-downgrade"
    ),
    "{}: a version is three numbers, such as 0.2.0": "{}：版本号是三个数，例如 0.2.0",
    "is no bundle: it does not begin as one": "不是升级包：开头不对",
    "is cut short, or its head is damaged": "不完整，或者头部已损坏",
    "has a manifest that makes no sense": "清单无法理解",
    "has a file of a name that no board takes: {}": "含有开发板不接受的文件名：{}",
    "is cut short or damaged: {} is not as signed": "不完整或已损坏：{} 与签名不符",
    "has {} bytes behind its last file": "最后一个文件之后还有 {} 字节",
    "is signed by another key: no board with this one takes it": (
        "由另一个密钥签名：使用这个密钥的开发板不会接受"
    ),
    "is no private key, or the passphrase is another": "不是私钥，或者口令不对",
    "is no RSA key of {} bits: update keys makes one": (
        "不是 {} 位的 RSA 密钥：用 update keys 生成"
    ),
    "is no public key for updates: it has 512 hexadecimal digits": (
        "不是升级用的公钥：它应有 512 个十六进制数字"
    ),
}
