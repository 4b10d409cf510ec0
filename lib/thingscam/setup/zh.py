# What is wrong with a setting, in Chinese: loaded while the page shows it. The tools have it from
# here as well.

# English, and behind a line's end Chinese: one text each, for a board's heap.
TEXTS = (
    "missing\n缺少",
    "is empty\n为空",
    "true or false\ntrue 或 false",
    'true, false or "auto"\ntrue、false 或 "auto"',
    "a whole number\n整数",
    "a number\n数字",
    "a text\n文本",
    "a text in quotes\n带引号的文本",
    "a list\n列表",
    "an object\n对象",
    "a far larger one\n大得多的数",
    "a path\n路径",
    "a query\n查询参数",
    "a fragment\n片段（#）",
    "a login\n登录信息",
    "must be {}, found {}\n必须是{}，现在是{}",
    "must be from {} to {}, found {}\n必须在 {} 到 {} 之间，现在是 {}",
    "must be one of {}\n必须是以下之一：{}",
    'must be "auto" or a whole number\n必须是 "auto" 或整数',
    "must be 1 to 32 bytes, found {}\n长度必须是 1 到 32 字节，现在是 {}",
    "must be 1 to 32 bytes in hexadecimal, two digits each\n"
    "必须是十六进制的 1 到 32 字节，每字节两位",
    "must be 8 to 63 bytes, or empty for an open network, found {}\n"
    "必须是 8 到 63 字节，开放网络则留空，现在是 {}",
    "must be a list of {} names of hosts at most\n必须是列表，最多 {} 个主机名",
    "must hold names of hosts, in quotes\n列表里必须是带引号的主机名",
    "must hold names or addresses of hosts only, found {}\n只能是主机名或地址，却含有 {}",
    "must begin with /\n必须以 / 开头",
    "must begin with http:// or https://\n必须以 http:// 或 https:// 开头",
    "must be a folder in /sd, such as /sd/outbox\n必须是 /sd 下的文件夹，例如 /sd/outbox",
    "must not be dots alone\n不能只有点号",
    "needs names between its /\n两个 / 之间要有名称",
    "needs a real host name\n主机名无效",
    "needs a host name of letters, digits, dots and hyphens\n主机名只能由字母、数字、点和横线组成",
    "has a port that is not a number from 1 to 65535\n端口必须是 1 到 65535 的数字",
    "has {}: must be scheme, host and port only\n含有{}：只能是协议、主机名和端口",
    "holds half a character: write it as it is, not as \\ud...\n"
    "含有半个字符：请直接写出该字符，不要写成 \\ud...",
    "holds a zero character\n含有零字符",
    "is still the placeholder: put the real value in its place\n还是占位符：请换成真实的值",
    "character {} (U+{}) must not be in it: no blank, / ? # % or accent\n"
    "第 {} 个字符（U+{}）不允许：不能有空格、/ ? # % 或带重音的字母",
    "{}: must be an object, found {}\n{}：必须是对象，现在是{}",
    "wifi: must be a list of objects, found {}\nwifi：必须是对象的列表，现在是{}",
    "wifi: missing: a board needs one network at least\nwifi：缺少：开发板至少需要一个网络",
    "{}.ssid_hex: takes the place of ssid, and both are there\n"
    "{}.ssid_hex：用来代替 ssid，两者不能同时存在",
    "{}: unknown, the nearest known one is {}\n{}：未知，最接近的配置项是 {}",
    # The same where the field says which setting it is.
    "must be a list of objects, found {}\n必须是对象的列表，现在是{}",
    "missing: a board needs one network at least\n缺少：开发板至少需要一个网络",
    "takes the place of ssid, and both are there\n用来代替 ssid，两者不能同时存在",
    "{} is told by EXIF: set camera.exif to true\n"
    "{} 要靠 EXIF 说明方向：请把 camera.exif 设为 true",
    "no known board{} Known: {}\n没有这个开发板{} 可选：{}",
    "trigger: nothing would ever take a picture: set pir_pin or every_s\n"
    "trigger：永远不会拍照：请设置 pir_pin 或 every_s",
    "trigger.{}: goes with a motion sensor: set pir_pin\n"
    "trigger.{}：需要人体感应传感器：请设置 pir_pin",
    "trigger.retrigger_s: {} must be at least cooldown_s {}, or 0 for none\n"
    "trigger.retrigger_s：{} 必须不小于 cooldown_s {}，或为 0（不用）",
    "camera.light: no light is known on the board {}: set it to false, or set light_pin\n"
    "camera.light：开发板 {} 没有已知的补光灯：请设为 false，或设置 light_pin",
    "camera.rotate: {} is told by EXIF: set camera.exif to true\n"
    "camera.rotate: {} 要靠 EXIF 说明方向：请把 camera.exif 设为 true",
    "camera.frame_size: {} needs PSRAM, the board {} has none: SVGA at most\n"
    "camera.frame_size: {} 需要 PSRAM，而开发板 {} 没有：最大 SVGA",
    "camera.frame_size: {} needs PSRAM, the board {} has none: CIF at most\n"
    "camera.frame_size: {} 需要 PSRAM，而开发板 {} 没有：最大 CIF",
    "outbox.path: /{} is not for pictures: take another name\n"
    "outbox.path: /{} 不能用来存图片：请换一个名称",
    "cloud.ca: {} is a file of thingscam: take another name\n"
    "cloud.ca: {} 是 thingscam 自己的文件：请换一个名称",
    "power.watchdog_s: {} must be at least four times cloud.timeout_s {}, or 0 for none\n"
    "power.watchdog_s: {} 至少要是 cloud.timeout_s({})的四倍，或者设为 0（不用看门狗）",
    "power.watchdog_s: {} must be at least {}, or 0 for none\n"
    "power.watchdog_s: {} 至少要是 {}，或者设为 0（不用看门狗）",
    "camera.board: no known board{} Known: {}\ncamera.board: 没有这个开发板{} 可选：{}",
    ' "{}", perhaps {}?\n“{}”，是不是 {}？',
    "camera.light_pin: GPIO{} {} on the board {}: take another\n"
    "camera.light_pin：开发板 {2} 上的 GPIO{0} {1}：请换一个",
    "is the lamp's, by camera.light_pin,\n已被补光灯占用（camera.light_pin）",
    "is the lamp's\n已被补光灯占用",
    "cannot be held low in a deep sleep\n在深度睡眠中不能保持低电平",
    "can only be read\n只能作为输入",
    "is the camera's\n已被摄像头占用",
    "cannot be had\n无法使用",
    "is the bright LED's\n已被补光灯占用",
    "is the status LED's\n已被状态指示灯占用",
    "is the {} LED's\n已被 LED({})占用",
    "is the SD card's {}\n已被 SD 卡的 {} 占用",
    "is the serial port's\n已被串口占用",
    "keeps the chip in its boot loader while it is low,\n为低电平时芯片会停在下载模式",
    "belongs to flash or PSRAM, or is none,\n属于 flash 或 PSRAM，或者根本没有这个引脚",
    "cannot wake the chip\n不能唤醒芯片",
    "is no certificate in PEM: it begins with {}\n不是 PEM 格式的证书：应以 {} 开头",
    "{} certificates are in it: the CA's alone is needed\n里面有 {} 个证书：只需要 CA 的那一个",
    "nothing of the service is in it\n里面没有图片服务的参数",
)


def said(text, texts=TEXTS):
    """Return `text` in Chinese by `texts`: a mistake, as the checks say it, unless others are
    given. What is not known stays as it is, and each line is a text of its own."""
    if "\n" in text:
        return "\n".join([said(line, texts) for line in text.split("\n")])
    best = None
    for each in texts:
        english, _, chinese = each.partition("\n")
        if best is None or len(english) > len(best[0]):
            values = _values(text, english.split("{}"))
            if values is not None:
                best = english, chinese, values
    if best is not None:
        return best[1].format(*[said(each, texts) if " " in each else each for each in best[2]])
    for between, chinese in (("; ", "；"), (": ", "：")):
        first, found, rest = text.partition(between)
        if found:
            return said(first, texts) + chinese + said(rest, texts)
    return text


def _values(text, parts):
    # What stands in the gaps between `parts`; None: it is another text.
    if text[: len(parts[0])] != parts[0]:
        return None
    found = []
    at = len(parts[0])
    for part in parts[1:-1]:
        end = text.find(part, at)
        if end < 0:
            return None
        found.append(text[at:end])
        at = end + len(part)
    if len(parts) > 1:
        end = len(text) - len(parts[-1])
        if end < at or text[end:] != parts[-1]:
            return None
        found.append(text[at:end])
    elif at != len(text):
        return None
    return found
