# Why a test picture did not arrive, in Chinese: loaded while the page shows it. The tools have it
# from here as well.

# As in zh.py.
TEXTS = (
    "set cloud.region\n请设置 cloud.region",
    "set cloud.project_key\n请设置 cloud.project_key",
    "the picture was empty\n图片为空",
    "the picture is damaged or of another format\n图片已损坏，或格式不受支持",
    "lower camera.quality or camera.frame_size\n请降低 camera.quality 或 camera.frame_size",
    "something between board and service changes the headers\n"
    "开发板与云平台之间有设备改动了请求头",
    "check cloud.project_key\n检查 cloud.project_key",
    "check cloud.access_token, and that the device is enabled in the console\n"
    "检查 cloud.access_token，并在控制台确认设备已启用",
    "give the device a device type in the console\n请在控制台为设备绑定设备类型",
    "check cloud.identifier against the device type in the console\n"
    "对照控制台里设备类型的功能定义，检查 cloud.identifier",
    "make the attribute cloud.identifier a text in picture URL format\n"
    "请把 cloud.identifier 所指的属性设为文本类型、图片 URL 格式",
    "set up object storage (OSS) for the project in the console\n"
    "请在控制台的 项目设置 > 第三方集成 中配置阿里云 OSS 对象存储",
    "check cloud.region\n检查 cloud.region",
    "stored, but the attribute was not updated\n图片已存储，但属性上报失败",
    "check cloud.access_token\n检查 cloud.access_token",
    "enable the device in the console\n请在控制台启用该设备",
    "check the attribute cloud.identifier in the console\n"
    "在控制台检查 cloud.identifier 所指的属性",
    "the device sends too many messages\n设备消息频率过高",
    "the day's message quota is used up\n设备今日消息数超过上限",
    "check cloud.endpoint\n检查 cloud.endpoint",
    "one picture in 10 s; does another sender use the same cloud.access_token?\n"
    "每 10 秒只能上传一张；是否有别的设备在用同一个 cloud.access_token?",
    "a fault of the service\n云平台内部错误",
    "see the service's documentation\n请查阅云平台的文档",
    "not in the service's documentation\n云平台的文档里没有这个错误码",
    "errcode {} {}: {}\nerrcode {} {}：{}",
    "the answer is not the service's\n应答不是来自云平台",
    "the answer makes no sense\n应答无法理解",
    "no answer in time\n等待应答超时",
    "certificate of {} refused: {}\n{} 的证书被拒绝：{}",
    "certificate of {} refused\n{} 的证书被拒绝",
    "out of memory: choose a smaller camera.frame_size, or firmware with PSRAM\n"
    "内存不足：请减小 camera.frame_size，或使用支持 PSRAM 的固件",
    "check that camera.board is right ({}), the camera's ribbon cable, the power supply, "
    "and that the firmware uses the board's PSRAM\n"
    "检查 camera.board 是否正确（{}）、摄像头排线、供电，以及固件是否启用了 PSRAM",
    "module camera is no camera driver: is there a camera.py on the board?\n"
    "camera 模块不是摄像头驱动：板上是不是有一个 camera.py?",
    "this firmware has no camera driver (no module camera, csi or sensor): flash one that has\n"
    "固件没有摄像头驱动（没有 camera、csi 或 sensor 模块）：请烧录带驱动的固件",
    "the name does not resolve ({})\n域名无法解析（{}）",
    "JPEG damaged: no marker at byte {}\nJPEG 已损坏：第 {} 字节处没有标记",
    "JPEG without a picture: no frame header and scan\nJPEG 里没有图像：没有帧头和扫描数据",
    "JPEG without a picture: its scan is empty\nJPEG 里没有图像：扫描数据为空",
    "JPEG cut short: no end marker FF D9 in {} bytes\nJPEG 不完整：{} 字节里没有结束标记 FF D9",
    "no picture: {} in place of its bytes\n不是图片：得到的是 {}",
    "HTTP {}, it begins {}\nHTTP {}，开头是 {}",
    "HTTP {}, it is empty\nHTTP {}，内容为空",
    "redirected to {}: set cloud.endpoint\n被重定向到 {}：请设置 cloud.endpoint",
    "{} is no certificate in DER ({})\n{} 不是 DER 格式的证书（{}）",
    "https needs ca, a CA certificate in DER\nhttps 需要 CA 证书（DER 格式）",
    "only MicroPython 1.22 and later verify servers; else verify must be false\n"
    "MicroPython 1.22 及以上版本才能验证服务器证书；否则请把 verify 设为 false",
    "this firmware has no TLS: use http://, or another firmware\n"
    "固件不支持 TLS：请用 http://，或更换固件",
    "no TLS version in common with {}: it must offer TLS 1.2\n"
    "与 {} 没有共同的 TLS 版本：对方必须支持 TLS 1.2",
    "no TLS cipher in common with {}: it must offer TLS 1.2 with ECDHE and AES-GCM\n"
    "与 {} 没有共同的 TLS 加密套件：对方必须支持 TLS 1.2 的 ECDHE 和 AES-GCM",
    "{} is not known to the server: check the URL\n服务器不认识 {}：请检查网址",
    "{} does not speak TLS there: check the URL\n{} 在这个端口上不是 TLS：请检查网址",
    "{} ended the TLS handshake, alert {}\n{} 中断了 TLS 握手，警报代码 {}",
    "TLS with {}: {}\n与 {} 建立 TLS 时：{}",
    "no socket\n没有可用的套接字",
    "not an HTTP response\n应答不是 HTTP",
    "malformed response\n应答格式有误",
    "response too large\n应答太长",
    "response cut short\n应答不完整",
    "response in a coding that was not asked for: {}\n应答用了没有请求的编码：{}",
    "the server closed the connection\n服务器关闭了连接",
    "no look-up now: it would block\n暂时不能解析域名",
    "no picture ({}): {}\n没有拍到照片（{}）：{}",
    "the camera does not start ({}): {}\n摄像头无法启动（{}）：{}",
    "a {} picture in place of a JPEG\n得到的不是 JPEG，而是 {} 图片",
    "picture too large: {} bytes at {} and quality {}, limit {}: raise cloud.limit_bytes\n"
    "照片太大：{} 字节（{}，质量 {}），上限 {}：请调大 cloud.limit_bytes",
    "camera.frame_size: the driver does not know {}\ncamera.frame_size：驱动不支持 {}",
    "the picture's file cannot be read: {}\n图片文件无法读取：{}",
    "Wi-Fi {}: The password seems to be wrong.\nWi-Fi {}：密码似乎不对。",
    "Wi-Fi {}: It is not in reach: check the name. The camera knows 2.4 GHz only.\n"
    "Wi-Fi {}：找不到这个网络：请检查名称。摄像头只支持 2.4 GHz。",
    "Wi-Fi {}: It does not answer, or gives no address.\nWi-Fi {}：它没有应答，或没有分配地址。",
    "too little memory beside this page: finish, the first picture is sent then\n"
    "此页面打开时内存不足：请点“完成”，摄像头启动后会发送第一张照片",
    "JPEG without start: no FF D8 FF at its head\nJPEG 没有开头：最前面不是 FF D8 FF",
    "not a picture: begins with {}\n不是图片：开头是 {}",
    "picture too large: {} bytes, limit {}\n图片太大：{} 字节，上限 {}",
    "empty picture: 0 bytes\n图片为空：0 字节",
    "nothing is saved yet\n还没有保存任何设置",
)

# What Mbed TLS says of a certificate, one or more of it.
MBED_TLS = (
    "The certificate validity has expired\n证书已过期",
    "The certificate validity starts in the future\n证书尚未生效",
    "The certificate has been revoked (is on a CRL)\n证书已被吊销",
    "The certificate Common Name (CN) does not match with the expected CN\n"
    "证书里的名称与接入点不符",
    "The certificate is not correctly signed by the trusted CA\n证书不是由所设的 CA 签发的",
    "The certificate is signed with an unacceptable hash.\n证书签名所用的哈希算法不可接受",
    "The certificate is signed with an unacceptable key (eg bad curve, RSA too short).\n"
    "证书签名所用的密钥不可接受",
    "The certificate validity has expired {}\n证书已过期，{}",
    "The certificate Common Name (CN) does not match with the expected CN {}\n"
    "证书里的名称与接入点不符，{}",
    "The certificate is not correctly signed by the trusted CA {}\n证书不是由所设的 CA 签发的，{}",
)
