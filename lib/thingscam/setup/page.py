# The page, in two languages: one answer, nothing from elsewhere, a form that needs no JavaScript.

from thingscam.setup.form import ROWS, shown, shown_ssid
from thingscam.util.compat import unload

LANGUAGES = ("en", "zh")
_BOARD = "ai-thinker"  # the default of camera.board

_HEAD = """<!DOCTYPE html>
<html lang="{0}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">{1}
<link rel="icon" href="data:,"><title>{2}</title><style>
:root{{color-scheme:light dark;--ink:#17202a;--low:#5b6672;--edge:#b8c1ca;--card:#fff;
--back:#eef1f4;--go:#0a62b5;--bad:#b3261e;--good:#146c2e}}
@media(prefers-color-scheme:dark){{:root{{--ink:#e8ecf0;--low:#a3adb8;--edge:#4a545e;--card:#1d242b;
--back:#12171c;--go:#6fb3f2;--bad:#ff9a92;--good:#7fd694}}}}
*{{box-sizing:border-box}}
body{{margin:0 auto;max-width:34rem;padding:.75rem;background:var(--back);color:var(--ink);
font:16px/1.45 system-ui,sans-serif;overflow-wrap:anywhere}}
h1{{font-size:1.25rem;margin:.25rem 0}}h2{{font-size:1.05rem;margin:0 0 .5rem}}
header{{display:flex;justify-content:space-between;align-items:center}}
section,fieldset{{background:var(--card);border:1px solid var(--edge);border-radius:.6rem;
padding:.75rem;margin:.75rem 0;min-width:0}}
legend{{font-weight:600;padding:0 .3rem}}
label{{display:block;margin:.6rem 0 .15rem;font-weight:600}}
label.row{{display:flex;gap:.6rem;align-items:center;min-height:2.75rem;margin:0;font-weight:400}}
input,select,textarea,button{{font:inherit;color:inherit}}
input:not([type=checkbox]):not([type=range]),select,textarea{{width:100%;min-height:2.75rem;
padding:.5rem;border:1px solid var(--edge);border-radius:.4rem;background:var(--back)}}
input[type=checkbox]{{width:1.4rem;height:1.4rem;flex:none}}input[type=range]{{width:100%}}
textarea{{min-height:5rem}}
button{{min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--go);border-radius:.4rem;
background:none;color:var(--go)}}
button.main{{width:100%;background:var(--go);color:var(--card);font-weight:600}}
:focus-visible{{outline:3px solid var(--go);outline-offset:2px}}
small,.low{{color:var(--low)}}small{{display:block}}
.bad{{color:var(--bad)}}.good{{color:var(--good)}}[aria-invalid=true]{{border-color:var(--bad)!important}}
ul{{list-style:none;margin:.3rem 0;padding:0}}li{{display:flex;justify-content:space-between;
gap:.5rem;border-top:1px solid var(--edge);padding:.4rem 0}}li button{{min-height:2.25rem;
border:0;padding:0;text-align:left}}
.pass{{display:flex;gap:.4rem}}.pass button{{flex:none}}
#frame{{display:grid;place-items:center;overflow:hidden;background:#000;aspect-ratio:4/3;
border-radius:.4rem}}#frame img{{max-width:100%;max-height:100%}}
meter{{width:100%;height:1.2rem}}
details{{margin:.6rem 0}}summary{{min-height:2.25rem;cursor:pointer}}
[hidden]{{display:none!important}}
html[lang=zh] [lang=en],html[lang=en] [lang=zh],.js{{display:none}}
</style></head><body>
<header><h1>{2}</h1><a href="/?lang={3}">{4}</a></header>
"""

_REFUSAL = """<!DOCTYPE html>
<html lang="{0}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>thingscam</title></head>
<body><p>{1}</p><p><a href="/">{2}</a></p></body></html>
"""

# What a save came to; 0 stands for its value.
NOTICES = {
    "trying": (
        "low",
        "Trying Wi-Fi {0}. This takes up to 20 s.",
        "正在尝试 Wi-Fi {0}，最多 20 秒。",
    ),
    "saved": (
        "good",
        "Saved. Send a test picture, or finish: then the camera starts.",
        "已保存。可以发送一张测试照片，或点“完成”：摄像头随即启动。",
    ),
    "mistakes": (
        "bad",
        "Nothing is saved yet: {0} to put right, see below.",
        "尚未保存：有 {0} 处要改，见下。",
    ),
    "failed": (
        "bad",
        "Wi-Fi {0} does not work: nothing is saved, the old one stays.",
        "连不上 Wi-Fi {0}：什么都没有保存，原来的设置不变。",
    ),
    "unwritten": ("bad", "Nothing is saved: {0}", "没有保存：{0}"),
    "ended": (
        "good",
        "Finished: this network goes away, the camera starts.",
        "完成：此网络即将关闭，摄像头启动。",
    ),
    "sending": ("low", "A test picture is being sent.", "正在发送测试照片。"),
    "sent": ("good", "The service has the test picture: {0}", "服务已收到测试照片：{0}"),
    "unsent": ("bad", "The test picture did not arrive: {0}", "测试照片没有送达：{0}"),
}
# Why a Wi-Fi is not joined, a field not taken, or nothing written.
WHY = {
    "refused": ("The password seems to be wrong.", "密码似乎不对。"),
    "absent": (
        "It is not in reach: check the name. The camera knows 2.4 GHz only.",
        "找不到这个网络：请检查名称。摄像头只支持 2.4 GHz。",
    ),
    "silent": ("It does not answer, or gives no address.", "它没有应答，或没有分配地址。"),
    "missing": ("This is needed.", "必须填写。"),
    "full": (
        "The flash is full. Finish: pictures that are sent make room. Then open setup again.",
        "存储空间已满。请点“完成”：照片发送后会腾出空间，然后重新打开此页面。",
    ),
    "fails": (
        "The flash fails. Save again; if that does not help, set the camera up by cable.",
        "存储器出错。请再保存一次；仍然不行，请用数据线设置。",
    ),
}
# Why a request is refused, by status; 400 for all others.
_REFUSALS = {
    400: ("That was not understood. Send it again.", "没有看懂这个请求，请重新发送。"),
    403: ("That came from another page.", "这个请求来自别的页面，不予处理。"),
    404: ("There is no such page here.", "这里没有这个页面。"),
    413: (
        "That is too long. Send less at once: the CA certificate alone.",
        "内容太长。请少填一些，例如单独提交 CA 证书。",
    ),
    503: ("Too little memory just now. Try again in a moment.", "暂时内存不足，请稍后再试。"),
}
_SAME = {405: 404, 431: 413}

# The fields of the form: (key, type, English, Chinese, hint).
_SERVICE = (
    ("cloud.endpoint", "url", "API endpoint", "图片上传接入点", "https://..."),
    ("cloud.access_token", "password", "AccessToken", "AccessToken", ""),
    ("cloud.project_key", "password", "ProjectKey", "ProjectKey", ""),
    ("cloud.region", "text", "Region", "区域", ""),
    ("cloud.identifier", "text", "Identifier of the attribute", "属性标识符", ""),
)


def language(accepted):
    """Return the page's language for an Accept-Language header, a text."""
    for each in accepted.lower().split(","):
        if each.strip()[:2] in LANGUAGES:
            return each.strip()[:2]
    return "en"


def render(portal, point):
    """Return the page in parts, texts: `portal` has what it shows, `point` is the access point."""
    zh = portal.language == "zh"
    refresh = ""
    if portal.is_trying() or (portal.notice and portal.notice[0] == "sending"):
        refresh = '<meta http-equiv="refresh" content="3">'
    other = ("en", "English") if zh else ("zh", "中文")
    yield _HEAD.format(portal.language, refresh, escaped(point.name), *other)
    yield _notice(portal)
    yield from _wifi(portal, point)
    yield from _service(portal)
    yield from _camera(portal)
    yield _SAVE.format(" hidden" if "" not in portal.draft.mistakes else "")
    if portal.has_picture():
        board = portal.draft.value("camera.board")
        yield _AIM.format(
            escaped(board if isinstance(board, str) else _BOARD),
            "实时画面" if zh else "live picture",
        )
    yield _END.format("" if portal.upload else " hidden")
    yield "<script>\n"
    yield _SCRIPT
    yield "</script></body></html>\n"
    unload("setup.zh")


def refusal(status, language):
    """Return the page, a text, for a request that is refused; `language` is None: in both."""
    pairs = _REFUSALS.get(_SAME.get(status, status), _REFUSALS[400]), ("Back", "返回")
    said, back = [" ".join(_chosen(pair, language)) for pair in pairs]
    return _REFUSAL.format(language or "en", said, back)


def _chosen(pair, language):
    return pair if language is None else (pair[LANGUAGES.index(language)],)


def both(en, zh):
    """Return a text in both languages; the page shows one."""
    return '<span lang="en">{}</span><span lang="zh">{}</span>'.format(en, zh)


def escaped(text):
    """Return a text as HTML, also in quotes."""
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "#39")):
        text = text.replace(char, "&" + name + ";")
    return text


def _notice(portal):
    text = ""
    if portal.notice is not None:
        what, value = portal.notice
        css, en, zh = NOTICES[what]
        value = chinese = str(value)
        if what == "unsent":
            chinese = _in_chinese(portal, value, "outcome")
        elif what == "unwritten":
            value, chinese = WHY[value]
        told = both(en.format(escaped(value)), zh.format(escaped(chinese)))
        text = '<p class="{}">{}</p>'.format(css, told)
    why = portal.draft.mistakes.get("")
    if why is not None:
        text += '<p class="bad">{}</p>'.format(_told(portal, why, "other"))
    return '<div id="notice" role="status">{}</div>\n<form method="post" action="/save">'.format(
        text
    )


def _wifi(portal, point):
    yield "<fieldset><legend>Wi-Fi</legend><ul id=nets>"
    for name, dbm, locked in shown(point.networks):
        lock = "" if locked else both(" (open)", "（无密码）")
        yield '<li><span data-ssid="{0}">{0}{1}</span><span class=low>{2} dBm</span></li>'.format(
            escaped(name), lock, dbm
        )
    yield '</ul><button form="look">{}</button>'.format(both("Look again", "重新搜索"))
    entries = portal.draft.networks()[:ROWS]
    for number in range(min(len(entries) + 1, ROWS)):
        entry = entries[number] if number < len(entries) else {}
        ssid = "ssid.%d" % number
        yield _input(portal, ssid, "text", "Name", "名称", "", shown_ssid(entry))
        yield _input(
            portal,
            "password.%d" % number,
            "password",
            "Password",
            "密码",
            "",
            "",
            "password" in entry,
        )
    yield "<label class=row><input type=checkbox name=untried value=1>{}</label>".format(
        both(
            "Save without trying: it is not in reach here",
            "不尝试，直接保存：此处收不到该网络",
        )
    )
    yield "</fieldset>\n"


def _service(portal):
    yield "<fieldset><legend>{}</legend>".format(both("Image service", "图片服务"))
    for key, kind, en, zh, hint in _SERVICE:
        value = portal.draft.value(key)
        shown = value if kind != "password" and isinstance(value, str) else ""
        yield _input(portal, key, kind, en, zh, hint, shown, bool(value))
    yield "<details{}><summary>{}</summary>".format(
        " open" if "values" in portal.draft.mistakes else "",
        both("Paste them all at once", "一次粘贴全部"),
    )
    yield _label(
        "values",
        "The address that thingscam config --qr gives, or the text",
        "thingscam config --qr 给出的网址或文本",
    )
    yield '<textarea id="values" name="values" autocomplete="off" spellcheck="false"></textarea>'
    yield _mistake(portal, "values") + "</details>"
    yield from _authority(portal)
    yield "</fieldset>\n"


def _authority(portal):
    yield "<details{}><summary>{}</summary>".format(
        " open" if "ca" in portal.draft.mistakes else "",
        both("CA certificate", "CA 证书"),
    )
    yield _label("ca", "As text (PEM), or a file", "文本（PEM），或选择文件")
    yield '<textarea id="ca" name="ca" autocomplete="off" spellcheck="false"></textarea>'
    yield '<input id="file" type="file" class="js" aria-label="PEM, DER">'
    if portal.draft.has_ca():
        yield _STAYS
    yield _mistake(portal, "ca") + "</details>"


def _camera(portal):
    draft = portal.draft
    yield "<fieldset><legend>{}</legend>".format(both("Camera", "摄像头"))
    yield (
        _label("camera.board", "Board", "电路板")
        + '<select id="camera.board" name="camera.board">'
    )
    from thingscam.board.profiles import names

    chosen = draft.value("camera.board") or _BOARD
    for name in names():
        yield _option(name, name, chosen)
    unload("board.profiles")
    yield "</select>" + _mistake(portal, "camera.board")
    yield _label("camera.rotate", "Turn the picture by", "画面旋转")
    yield '<select id="camera.rotate" name="camera.rotate">'
    for degrees in (0, 90, 180, 270):
        yield _option(degrees or "", "%d°" % degrees, draft.value("camera.rotate") or "")
    yield "</select>" + _mistake(portal, "camera.rotate")
    for key, en, zh in (
        ("sensor.vflip", "Upside down", "上下翻转"),
        ("sensor.hmirror", "Left and right exchanged", "左右翻转"),
    ):
        yield (
            '<input type=hidden name="has.{0}" value=1><label class=row><input type=checkbox '
            'id="{0}" name="{0}" value=1{1}>{2}</label>'
        ).format(key, " checked" if draft.value(key) else "", both(en, zh))
    yield _label("sensor.brightness", "Brightness", "亮度")
    yield '<select id="sensor.brightness" name="sensor.brightness">'
    value = draft.value("sensor.brightness")
    value = "" if value is None else value
    for step in ("", -2, -1, 0, 1, 2):
        yield _option(step, "-" if step == "" else step, value)
    yield "</select>" + _mistake(portal, "sensor.brightness")
    value = draft.value("trigger.every_s")
    yield _input(
        portal,
        "trigger.every_s",
        "number",
        "A picture every ... seconds (0: by motion only)",
        "每隔多少秒拍一张（0：只在有动静时拍）",
        "0",
        "" if value is None else str(value),
    )
    yield "</fieldset>\n"


def _label(key, en, zh):
    return '<label for="{}">{}</label>'.format(key, both(en, zh))


def _option(value, text, chosen):
    mark = " selected" if value == chosen else ""
    return '<option value="{}"{}>{}</option>'.format(value, mark, text)


def _input(portal, key, kind, en, zh, hint="", value="", is_set=False):
    wrong = key in portal.draft.mistakes
    secret = kind == "password"
    text = _label(key, en, zh)
    if secret:
        text += '<div class="pass">'
    text += '<input id="{0}" name="{0}" type="{1}" value="{2}" placeholder="{3}"{4} {5}>'.format(
        key,
        kind,
        escaped(value),
        "••••••••" if is_set and secret else hint,
        ' aria-invalid="true" aria-describedby="e.{}"'.format(key) if wrong else "",
        'autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"',
    )
    if secret:
        text += '<button type="button" class="js" data-show="{}">{}</button></div>'.format(
            key, both("Show", "显示")
        )
        if is_set:
            text += _STAYS
    return text + _mistake(portal, key)


def _mistake(portal, key):
    why = portal.draft.mistakes.get(key)
    if why is None:
        return ""
    return '<small class="bad" id="e.{}">{}</small>'.format(key, _told(portal, why))


def _told(portal, why, kind=None):
    if why in WHY:
        return both(*WHY[why])
    texts = why, _in_chinese(portal, why, kind)
    return both(*[escaped(text).replace("\n", "<br>") for text in texts])


def _in_chinese(portal, text, kind=None):
    # A mistake in a field; or by `kind` "other", in what the form does not have, or "outcome",
    # what became of a test picture.
    if portal.language != "zh":
        return text
    try:
        from thingscam.setup import zh

        known = zh.TEXTS
        try:
            if kind == "outcome":
                from thingscam.setup import outcome_zh

                known = outcome_zh.TEXTS + outcome_zh.MBED_TLS
            elif kind:
                from thingscam.setup import zh_more

                known += zh_more.TEXTS
        except MemoryError:
            pass  # the texts of the form are of more use than none
        return zh.said(text, known)
    except MemoryError:
        return text  # rather in English than not at all
    finally:
        unload("setup.outcome_zh", "setup.zh_more")


_STAYS = """<small><span lang="en">One is set. Empty: it stays.</span><span
lang="zh">已设置。留空则保持不变。</span></small>"""

_SAVE = """<label class=row{0}><input type=checkbox name=fresh value=1><span lang=en>Forget all
other settings of config.json</span><span lang=zh>丢弃 config.json 的其他设置</span></label>
<button class=main><span lang=en>Save</span><span lang=zh>保存</span></button></form>
<form id=look method=post action=/scan></form>
"""

_AIM = """<section id=aim><h2><span lang=en>Aim</span><span lang=zh>对准</span></h2>
<div id=frame><img id=eye src="/picture?board={0}" alt="{1}"></div>
<noscript><a href="/"><span
lang=en>Another picture</span><span lang=zh>再拍一张</span></a></noscript>
<div class=js><label for=sharp><span lang=en>Sharpness</span><span lang=zh>清晰度</span>
<output id=sharpness></output></label><meter id=sharp min=0 max=100></meter>
<label for=light><span lang=en>Light</span><span lang=zh>光线</span> <output id=lightness></output>
</label><meter id=light min=0 max=255 low=40 high=215 optimum=120></meter>
<p id=more class=low></p></div></section>
"""

_END = """<section><form method=post action=/test{0}><button><span lang=en>Send a test
picture</span><span lang=zh>发送测试照片</span></button></form>
<form method=post action=/end><p class=low><span lang=en>Without use this network closes after ten
minutes.</span><span lang=zh>十分钟无操作，此网络自动关闭。</span></p><button><span lang=en>Finish
</span><span lang=zh>完成</span></button></form></section>
"""

_SCRIPT = """'use strict';
const $ = (id) => document.getElementById(id), zh = document.documentElement.lang === 'zh';
document.querySelectorAll('.js').forEach((e) => e.classList.remove('js'));
document.querySelectorAll('[data-show]').forEach((b) => b.onclick = () => {
  const i = $(b.dataset.show), hide = i.type === 'text';
  i.type = hide ? 'password' : 'text';
  b.setAttribute('aria-pressed', !hide);
});
function choose(ssid) {
  const all = [...document.querySelectorAll('input[name^="ssid."]')];
  const i = all.find((e) => e.value === ssid) || all.find((e) => !e.value) || all[all.length - 1];
  i.value = ssid;
  $(i.name.replace('ssid', 'password')).focus();
}
function offer(span) {
  const b = document.createElement('button');
  b.type = 'button';
  b.append(...span.childNodes);
  b.onclick = () => choose(span.dataset.ssid);
  span.replaceWith(b);
}
document.querySelectorAll('[data-ssid]').forEach(offer);
const look = document.querySelector('[form=look]');
look.onclick = async (e) => {
  e.preventDefault();
  look.disabled = true;
  try {
    await fetch('/scan', {method: 'POST', redirect: 'manual'});
    const state = await (await fetch('/state')).json();
    $('nets').replaceChildren(...state.networks.map(([ssid, dbm, locked]) => {
      const li = document.createElement('li'), a = document.createElement('span'),
        b = document.createElement('span');
      a.dataset.ssid = ssid;
      a.textContent = ssid + (locked ? '' : zh ? '（无密码）' : ' (open)');
      b.className = 'low';
      b.textContent = dbm + ' dBm';
      li.append(a, b);
      return li;
    }));
    document.querySelectorAll('[data-ssid]').forEach(offer);
  } catch (e) {}
  look.disabled = false;
};
if (location.hash.length > 1) {
  new URLSearchParams(location.hash.slice(1)).forEach((value, key) => {
    const i = $('cloud.' + key);
    if (i) i.value = value;
  });
  history.replaceState(null, '', '/');
}
$('file').onchange = async (e) => {
  const raw = new Uint8Array(await e.target.files[0].arrayBuffer());
  let text = '';
  raw.slice(0, 6000).forEach((byte) => text += String.fromCharCode(byte));
  $('ca').value = raw[0] === 0x30 ? btoa(text) : text;
};
const eye = $('eye'), canvas = document.createElement('canvas');
let best = 1;
function control(name) {
  const c = $(name);
  return c.type === 'checkbox' ? (c.checked ? '1' : '') : c.value;
}
function meter(image) {
  // Sharpness: how much neighbours differ in the middle, as the variance of the Laplacian.
  const w = 320, h = 240, g = canvas.getContext('2d', {willReadFrequently: true});
  canvas.width = w;
  canvas.height = h;
  const left = (image.naturalWidth - w) / 2, top = (image.naturalHeight - h) / 2;
  g.drawImage(image, left, top, w, h, 0, 0, w, h);
  const d = g.getImageData(0, 0, w, h).data, y = new Float32Array(w * h);
  let sum = 0, edges = 0, squares = 0;
  for (let i = 0; i < y.length; i++) {
    sum += y[i] = 0.299 * d[4 * i] + 0.587 * d[4 * i + 1] + 0.114 * d[4 * i + 2];
  }
  for (let i = w + 1; i < y.length - w - 1; i++) {
    const l = 4 * y[i] - y[i - 1] - y[i + 1] - y[i - w] - y[i + w];
    edges += l;
    squares += l * l;
  }
  const n = y.length, sharp = squares / n - (edges / n) ** 2;
  best = Math.max(best, sharp);
  $('sharp').value = 100 * sharp / best;
  $('sharpness').value = Math.round(sharp) + (zh ? '，最好 ' : ', best ') + Math.round(best);
  $('light').value = sum / n;
  $('lightness').value = Math.round(sum / n / 2.55) + ' %';
}
async function aim() {
  const degrees = +control('camera.rotate');
  const ask = new URLSearchParams({board: control('camera.board')});
  ['vflip', 'hmirror', 'brightness'].forEach((n) => ask.set(n, control('sensor.' + n)));
  try {
    const answer = await fetch('/picture?' + ask);
    if (!answer.ok) throw new Error();
    const url = URL.createObjectURL(await answer.blob()), before = eye.src;
    eye.src = url;
    await eye.decode();
    if (before.startsWith('blob:')) URL.revokeObjectURL(before);
    eye.style.transform = 'rotate(' + degrees + 'deg)' + (degrees % 180 ? ' scale(.75)' : '');
    meter(eye);
    setTimeout(aim, document.hidden ? 2000 : 0);
  } catch (e) {
    setTimeout(aim, 2000);
  }
}
async function tell() {
  try {
    const s = await (await fetch('/state')).json(), parts = [];
    if ('motion' in s) parts.push((zh ? '传感器：' : 'Motion sensor: ') +
      (s.motion ? (zh ? '有动静' : 'something moves') : (zh ? '安静' : 'quiet')));
    if ('battery_mv' in s) parts.push((zh ? '电池：' : 'Battery: ') + s.battery_mv / 1000 + ' V');
    $('more').textContent = parts.join(zh ? '；' : '; ');
  } catch (e) {}
  setTimeout(tell, 1000);
}
if (eye) {
  aim();
  tell();
}
const first = document.querySelector('[aria-invalid=true]');
if (first) first.focus();
"""
