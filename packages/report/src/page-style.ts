/** The report page's style sheet. */
export const pageStyle = `
:root{--ink:#25303b;--soft:#5d6a78;--line:#dfe4ea;--paper:#fff;--ground:#f4f6f8;--good:#1d8a4b;--bad:#c0322b;--idle:#8a94a0;--accent:#1b5fa8}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:24px;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"Segoe UI","Noto Sans","Noto Naskh Arabic",Vazirmatn,Tahoma,sans-serif}
h1{margin:0;font-size:26px}h2{font-size:18px;margin:0 0 12px}
header p{margin:2px 0 16px;color:var(--soft)}
section{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:18px;margin:0 0 16px;overflow-x:auto}
.verdict{display:flex;gap:16px;align-items:center;border-left:8px solid var(--idle)}
.verdict strong{font-size:24px;text-transform:uppercase;letter-spacing:.04em}
.verdict ul{margin:6px 0 0;padding:0;list-style:none;color:var(--bad)}
.verdict.accepted{border-color:var(--good)}.verdict.accepted strong{color:var(--good)}
.verdict.rejected{border-color:var(--bad)}.verdict.rejected strong{color:var(--bad)}
.verdict.error strong{color:var(--bad)}
.note{color:var(--soft);margin:0 0 12px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;padding:5px 9px;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.clause{color:var(--soft);font-size:12px}
code,.mrz{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;font-size:12.5px}
.card{display:grid;grid-template-columns:auto 1fr 1fr;gap:24px;align-items:start}
.pictures{display:flex;flex-direction:column;gap:10px;width:170px}
.portrait{width:170px;border-radius:6px;border:1px solid var(--line)}
.signature{width:170px;background:#fff;border:1px solid var(--line);border-radius:6px}
dl{margin:0;display:grid;grid-template-columns:auto 1fr;gap:4px 14px}
dt{color:var(--soft)}dd{margin:0;font-weight:600;text-align:start}
dl[dir=rtl] dd[dir=ltr]{text-align:right}
.mrz{background:var(--ground);padding:10px 14px;border-radius:6px;margin:16px 0 0;letter-spacing:.08em;font-size:15px}
.outcome{white-space:nowrap;font-weight:700}
tr.pass .outcome{color:var(--good)}tr.fail .outcome{color:var(--bad)}tr.not-run .outcome{color:var(--idle)}
tr.fail{background:#fdf0ef}
.tree .app th{background:var(--ground)}
.branch{white-space:nowrap}
.branch::before{content:"└ ";color:var(--idle)}
.tree :is(tr.refused,tr.failed,tr.unlisted,tr.absent) td:nth-child(3){color:var(--bad)}
.overlay svg{width:100%;height:auto}
details{margin:0 0 8px}summary{cursor:pointer;font-weight:600;color:var(--accent)}
.wire{display:block;color:var(--accent)}
tr.protected td:first-child{border-left:4px solid var(--accent)}
tr.open td:first-child{border-left:4px solid var(--line)}
@media (max-width:800px){.card{grid-template-columns:1fr}}
@media print{body{background:#fff}section{break-inside:avoid}}
`
