/** How the front page and a payment's page look; on a phone each row of a table becomes a block with its labels. */
export const BOARD_STYLE = `
.board{max-width:1180px;margin:0 auto;padding:28px 16px 60px;display:grid;gap:20px}.board>*{min-width:0}
header{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline;justify-content:space-between}header p{margin:0}
nav{display:flex;flex-wrap:wrap;gap:6px 18px;font-size:14px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}th{text-align:left;color:var(--soft);font-weight:600}
th,td{padding:8px 14px 8px 0;border-bottom:1px solid var(--line);vertical-align:middle}tbody tr:last-child td{border-bottom:0}
td.num,td.keep,th{white-space:nowrap}.num{font-variant-numeric:tabular-nums}
code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace}td code{white-space:nowrap}
.pill{display:inline-block;border-radius:99px;padding:1px 10px;font-size:13px;background:#eef1f6;color:#414552;white-space:nowrap}
.pill.good{background:#d9f4e7;color:var(--good)}.pill.bad{background:#fde2ea;color:var(--bad)}.pill.wait{background:#fff0cf;color:#6b4700}
form.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:0}form.inline{display:inline-flex;flex-wrap:wrap;gap:6px;margin:0}
button.mini{min-height:0;padding:3px 10px;font-size:13px;border-radius:6px;white-space:nowrap}
.acts{display:grid;gap:12px}.acts form{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:0}
.acts label,.row label{margin:0;font-weight:500}.acts input,.acts select,.row input{width:auto;padding:8px 10px;min-height:44px}
.acts input[name=amount]{width:130px}.acts select,.row select{font:inherit;border:1px solid #c7cfda;border-radius:8px;background:#fff}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:14px;margin:0}dt{color:var(--soft);font-size:13px}dd{margin:0;overflow-wrap:anywhere}
.big{font-size:30px;font-weight:700;margin:0}.delivery{display:flex;flex-wrap:wrap;gap:4px 8px;align-items:center}.delivery+.delivery{margin-top:6px}
.rates{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px 16px}.rates label{margin:0 0 2px;font-weight:500}.rates small{display:block;color:var(--soft);line-height:1.35;margin-top:3px}
.ends{margin-top:16px}.halves{display:grid;gap:20px}
@media(max-width:760px){
.card{padding:16px}.scroll{overflow:visible}thead{display:none}table,tbody{display:block}tr{display:block;padding:10px 0;border-bottom:1px solid var(--line)}tbody tr:last-child{border-bottom:0}
td,td.num,td.keep{overflow-wrap:anywhere;min-width:0;display:flex;gap:12px;justify-content:space-between;align-items:baseline;padding:3px 0;border:0;white-space:normal;text-align:right}
td:empty{display:none}td::before{content:attr(data-is);color:var(--soft);text-align:left;flex:none}td:not([data-is])::before{content:none}
td code{white-space:normal}td>*{min-width:0}.delivery{overflow-wrap:anywhere}button.mini{padding:9px 12px}td form.inline{flex-wrap:wrap;justify-content:flex-end}.delivery{justify-content:flex-end}.acts input,.acts select{flex:1 1 100px;min-width:0}.acts label,.acts form>span{flex:none}dl{grid-template-columns:1fr 1fr}
}`;
