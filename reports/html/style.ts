import { SEQUENCE_CSS } from '../sequence.ts';

/** The whole look of the page. Two palettes by `prefers-color-scheme`; paper always gets the light one. */
export const STYLE = `
:root{--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
--page:#f4f6f9;--panel:#fff;--sunk:#eef1f6;--ink:#182133;--dim:#586377;--line:#d7dde7;--accent:#1d4f80;
--good:#12733b;--good-soft:#e3f4e9;--bad:#b3261e;--bad-soft:#fdecea;--warn:#855600;--warn-soft:#fdf3dc;--void:#6a2fa0;--void-soft:#f1e8fa;--quiet:#586377;--quiet-soft:#eef1f6;
--note:#fff8e1;--note-line:#d8bf72;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--page:#0e1218;--panel:#161c26;--sunk:#1f2733;--ink:#e3e8f1;--dim:#9aa5b8;--line:#2d3746;--accent:#82b5e8;
--good:#63cd92;--good-soft:#12301f;--bad:#ff8a80;--bad-soft:#3a1a1a;--warn:#e4b752;--warn-soft:#332812;--void:#c7a0f2;--void-soft:#2b1f3a;--quiet:#9aa5b8;--quiet-soft:#1f2733;
--note:#2d2814;--note-line:#7b6a35}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 var(--sans);overflow-wrap:break-word}
main,header.top,footer{max-width:1120px;margin:0 auto;padding:0 24px}
h1,h2,h3{line-height:1.25;margin:0;text-wrap:balance}
h1{font-size:1.7rem}h2{font-size:1.25rem;margin:48px 0 14px}h3{font-size:1.08rem}
p{margin:.6em 0}a{color:var(--accent)}code,pre,.id{font-family:var(--mono);font-size:.9em}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.4em 0}
.dim{color:var(--dim)}.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px}
header.top{padding-top:34px}
.brand{font-size:.78rem;letter-spacing:.09em;text-transform:uppercase;color:var(--dim);font-weight:600}
.verdict{margin-top:14px;padding:22px 24px;border-left:6px solid var(--tone);display:grid;gap:4px}
.verdict .say{font-size:1.35rem;font-weight:650;color:var(--tone)}
.verdict .level{font-size:1.02rem}
.tone-good{--tone:var(--good);--soft:var(--good-soft)}.tone-bad{--tone:var(--bad);--soft:var(--bad-soft)}.tone-warn{--tone:var(--warn);--soft:var(--warn-soft)}.tone-void{--tone:var(--void);--soft:var(--void-soft)}.tone-quiet{--tone:var(--quiet);--soft:var(--quiet-soft)}
.standing{list-style:none;margin:0 0 10px;padding:0;display:grid;grid-template-columns:1.2em max-content 1fr;gap:3px 8px}.standing li{grid-column:1/-1;display:grid;grid-template-columns:subgrid}.standing .mark{color:var(--tone);font-weight:700}.standing b a{text-decoration:none}.grid h3{font-size:.92rem;margin:12px 0 6px}.grid h2~h2{margin-top:14px}
.stack{display:flex;height:12px;border-radius:6px;overflow:hidden;margin:14px 0 4px;background:var(--sunk);gap:2px}
.stack i{background:var(--tone);display:block;min-width:4px}
.stack i.tone-warn,.bar .rest{background:repeating-linear-gradient(135deg,var(--tone) 0 4px,var(--soft) 4px 8px)}
.tiles{display:flex;flex-wrap:wrap;gap:6px 22px;margin:6px 0 0;padding:0;list-style:none}
.tiles li{display:flex;align-items:baseline;gap:7px}.tiles b{font-size:1.15rem;color:var(--tone);font-variant-numeric:tabular-nums}.tiles .none{opacity:.55}
.grid{display:grid;grid-template-columns:1fr 1fr;gap:16px;margin-top:16px}
.grid>section{padding:16px 20px}.grid h2{margin:0 0 10px;font-size:.82rem;letter-spacing:.05em;text-transform:uppercase;color:var(--dim)}
.score{display:grid;grid-template-columns:minmax(6.5em,auto) 1fr 3.2em;gap:8px 12px;align-items:center}
.score .first{font-weight:650}
.bar{height:8px;border-radius:4px;background:var(--sunk);overflow:hidden;display:flex}.bar i{background:var(--tone);display:block}.bar .rest{flex:1}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}
dl.facts dt{color:var(--dim)}dl.facts dd{margin:0;min-width:0;overflow-wrap:anywhere}
.warnings{margin:16px 0 0;padding:12px 20px 12px 38px;background:var(--warn-soft);border:1px solid var(--line);border-left:6px solid var(--warn);border-radius:10px}
nav{position:sticky;top:0;z-index:1;background:var(--page);padding:10px 0;margin:18px auto 0;width:min(1072px,100% - 48px);display:flex;gap:6px 20px;flex-wrap:wrap;border-bottom:1px solid var(--line)}
nav a{text-decoration:none;font-weight:550;font-size:.92rem}nav a:hover{text-decoration:underline}
h2,[id]{scroll-margin-top:58px}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th{font-weight:600;text-align:left;color:var(--dim);font-size:.8rem;white-space:nowrap}
th,td{padding:7px 10px;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child td{border-bottom:0}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.checks td:first-child{white-space:nowrap}.checks .id a{text-decoration:none;font-weight:600;white-space:nowrap}
.checks tbody tr:target,.map tr:target{background:var(--warn-soft)}
.checks td small{display:block;color:var(--dim);font-size:.86em}
.pill{display:inline-block;white-space:nowrap;font-size:.78rem;font-weight:650;padding:1px 9px;border-radius:99px;color:var(--tone);background:var(--soft)}
.pill.hatched{background:repeating-linear-gradient(135deg,var(--soft) 0 5px,transparent 5px 10px);box-shadow:inset 0 0 0 1px var(--tone)}
.filters{display:flex;gap:8px;flex-wrap:wrap;margin:0 0 10px}.filters[hidden]{display:none}
.filters button{font:inherit;font-size:.85rem;padding:3px 12px;border:1px solid var(--line);border-radius:99px;background:var(--panel);color:var(--ink);cursor:pointer}
.filters button[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--panel)}
article.check{padding:20px 24px;margin:0 0 20px;border-left:6px solid var(--tone)}
article.check>header{display:flex;flex-wrap:wrap;gap:4px 12px;align-items:baseline}
article.check .about{color:var(--dim);font-size:.88rem}
.cause{font-size:1.06rem;margin:.7em 0 1em}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin:14px 0}
.side{border:1px solid var(--line);border-radius:8px;overflow:hidden;min-width:0}
.side h4{margin:0;padding:5px 12px;font-size:.78rem;letter-spacing:.04em;text-transform:uppercase;background:var(--soft);color:var(--tone)}
.side pre{margin:0;padding:10px 12px;min-height:2.6em}
mark{background:var(--soft);color:var(--tone);font-weight:650;border-radius:3px;box-shadow:0 0 0 1px var(--tone)}
.harm{padding:10px 16px;background:var(--sunk);border-radius:8px;margin:14px 0}
.harm b,.replay b{display:block;font-size:.78rem;letter-spacing:.04em;text-transform:uppercase;color:var(--dim)}
figure{margin:16px 0 6px}figcaption{color:var(--dim);font-size:.86rem;margin-bottom:6px}
figure .scroll{border:1px solid var(--line);border-radius:8px;padding:4px}
details{margin:8px 0}summary{cursor:pointer;color:var(--dim);font-size:.92rem}summary:hover{color:var(--ink)}
details.row{margin:0;border-bottom:1px solid var(--line);padding:8px 16px}details.row:last-child{border-bottom:0}
details.row>summary{color:var(--ink);display:flex;gap:10px;align-items:baseline;list-style:none}details.row>summary::-webkit-details-marker{display:none}details.row>summary::before{content:'▸';color:var(--dim);font-size:.8em}details.row[open]>summary::before{content:'▾'}
details.row>summary .settled{margin-left:auto;color:var(--dim);font-size:.86em;text-align:right}
details.row>div{padding:6px 0 8px}
.replay{margin-top:14px}.replay code{display:block;padding:9px 13px;background:var(--sunk);border-radius:8px;user-select:all;overflow-wrap:anywhere;white-space:pre-wrap}
.twin{font-size:.84rem}.twin pre{color:var(--dim);max-height:12em;overflow:auto}.twin .id{color:var(--dim)}.twin b.violation{color:var(--bad)}.twin b.evidence{color:var(--warn)}.twin tr.violation td{background:var(--bad-soft)}
.map td{font-size:.86rem}.map td:first-child{white-space:nowrap}.map td:nth-child(3){overflow-wrap:anywhere;min-width:12em}.map tr.bad td:first-child{box-shadow:inset 4px 0 var(--bad)}
.glossary{columns:2;column-gap:40px;font-size:.9rem}.glossary div{break-inside:avoid;margin-bottom:6px}.glossary dt{font-weight:650;display:inline}.glossary dd{display:inline;margin:0 0 0 .4em;color:var(--dim)}
footer{margin-top:56px;padding-top:22px;padding-bottom:48px;border-top:1px solid var(--line);color:var(--dim);font-size:.9rem}
@media (max-width:700px){main,header.top,footer{padding-left:14px;padding-right:14px}h1{font-size:1.35rem}h2{margin-top:36px}.verdict,article.check{padding:16px}.verdict .say{font-size:1.15rem}
.grid,.sides{grid-template-columns:1fr}.wide{display:none}.glossary{columns:1}th,td{padding:6px 8px}details.row{padding:8px 12px}details.row>summary{flex-wrap:wrap}details.row>summary .settled{margin-left:0;width:100%;text-align:left}article dl.facts{grid-template-columns:1fr;gap:0}article dl.facts dd{margin-bottom:6px}.checks .word{position:absolute;clip-path:inset(50%);white-space:nowrap}nav{position:static;width:auto;margin:18px 14px 0}}
@media print{:root{--page:#fff;--panel:#fff;--sunk:#f1f3f7;--ink:#111;--dim:#555;--line:#ccc;--accent:#1d4f80;--good:#12733b;--good-soft:#e3f4e9;--bad:#b3261e;--bad-soft:#fdecea;--warn:#855600;--warn-soft:#fdf3dc;--void:#6a2fa0;--void-soft:#f1e8fa;--quiet:#555;--quiet-soft:#eee;--note:#fff8e1;--note-line:#d8bf72;color-scheme:light}
html{font-size:13px}body{font-size:12px}nav,.filters{display:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}article.check,.sides,tr,.tiles{break-inside:avoid}article.check{break-inside:auto}.sequence{min-width:0}.scroll{overflow:visible}.twin pre{max-height:none}}
${SEQUENCE_CSS}`;

/** Filters of the table of checks, and everything unfolded on paper. The page is whole without it. */
export const SCRIPT = `
const bar=document.querySelector('.filters');
if(bar){bar.hidden=false;bar.addEventListener('click',e=>{const b=e.target.closest('button');if(!b)return;
for(const o of bar.querySelectorAll('button'))o.setAttribute('aria-pressed',String(o===b));
for(const r of document.querySelectorAll('.checks tbody tr'))r.hidden=Boolean(b.dataset.verdict)&&r.dataset.verdict!==b.dataset.verdict;});}
let opened=[];
addEventListener('beforeprint',()=>{opened=[...document.querySelectorAll('details:not([open])')];for(const d of opened)d.open=true;});
addEventListener('afterprint',()=>{for(const d of opened)d.open=false;});`;
