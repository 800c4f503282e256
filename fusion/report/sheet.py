"""The style sheet of the page: light, dark, narrow and printed."""

from __future__ import annotations

from fusion.report.palette import DARK, LIGHT, css_variables

_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1340px;margin:0 auto;padding:28px 28px 48px}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .2rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.4rem 0 .8rem}
h3{font-size:1rem;margin:0;font-weight:600}
p{margin:.3rem 0}
.when,.small{color:var(--muted)}
.small{font-size:.875rem}
.verdict{font-size:1.15rem;margin:1.1rem 0 .9rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:.9rem 1.6rem;margin:0;
padding:1rem 1.2rem;background:var(--card);border:1px solid var(--rule);border-radius:10px}
.facts dt{color:var(--muted);font-size:.8125rem}
.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere}
figure{margin:1.6rem 0 0}
.picture{overflow-x:auto}
.picture svg{display:block;width:100%;min-width:900px;height:auto}
.picture svg *{stroke-linejoin:round;stroke-linecap:butt}
.picture a:hover,.picture a:focus{opacity:.7}
.badge{display:inline-block;padding:.1rem .6rem;border-radius:99px;border:2px solid;font-size:.8125rem;font-weight:700;
white-space:nowrap}
.low{border-color:var(--low)}.medium{border-color:var(--medium)}
.high{border-color:var(--high)}.critical{border-color:var(--critical)}
.critical .badge,.badge.critical{background:var(--critical);color:var(--paper)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--rule);
overflow-wrap:break-word}
.scroll{overflow-x:auto}.whole{white-space:nowrap}
th{color:var(--muted);font-size:.8125rem;font-weight:500}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,560px),1fr));gap:1rem;align-items:start;
list-style:none;margin:0;padding:0}
.cards>li:only-child{grid-column:1/-1}
.cards>li{border:1px solid var(--rule);border-left:6px solid;border-radius:10px;background:var(--card);
padding:1rem 1.2rem 1.1rem;scroll-margin-top:1rem;min-width:0}
.cards>li.low{border-left-color:var(--low)}.cards>li.medium{border-left-color:var(--medium)}
.cards>li.high{border-left-color:var(--high)}.cards>li.critical{border-left-color:var(--critical)}
.cards>li:target{outline:2px solid var(--ink);outline-offset:2px}
.head{display:flex;flex-wrap:wrap;gap:.3rem .7rem;align-items:center}
.head .rare{margin-left:auto;font-weight:600}
.why{margin:.7rem 0;overflow-wrap:anywhere}
.shares{display:flex;height:10px;border-radius:5px;overflow:hidden;gap:2px;margin:.9rem 0 .3rem}
.audio{background:var(--audio)}.video{background:var(--video)}
.environment{background:var(--environment)}.other{background:var(--other)}
.key{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.875rem;margin:0 0 .5rem;padding:0;list-style:none}
.dot{display:inline-block;width:.65em;height:.65em;border-radius:50%;margin-right:.4em}
.note{border-left:3px solid var(--rule);padding-left:.7rem;margin:.5rem 0 0;font-size:.875rem;color:var(--muted);
overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--muted)}
.judging{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:1rem 2.4rem;
align-items:start;font-size:.875rem}
.curve{width:100%;max-width:340px;height:auto;font-size:11px;fill:var(--muted)}
.channels .whose{color:var(--muted)}
.cards table{font-size:.875rem}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
footer{margin-top:2.6rem;padding-top:1rem;border-top:1px solid var(--rule);color:var(--muted);font-size:.875rem;
max-width:80ch}
@media(max-width:620px){main{padding:18px 14px 36px}h1{font-size:1.4rem}.cards>li{padding:.8rem .9rem}
.head .rare{margin-left:0;width:100%}.facts{grid-template-columns:1fr 1fr;padding:.8rem .9rem;gap:.7rem 1rem}}
"""
_PRINT = (
    "@page{margin:14mm}main{max-width:none;padding:0}body{font-size:11pt}.picture{overflow:visible}"
    ".picture svg{min-width:0}.cards{display:block}.cards>li{break-inside:avoid;margin-bottom:8mm}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
)


def style_sheet() -> str:
    """All rules, in one string without an address in it."""
    light, dark = css_variables(LIGHT), css_variables(DARK)
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}{_RULES}@media print{{{_PRINT}}}"
    )
