/** The report's style sheet. Fonts are those of the reader's system; nothing is loaded. */
export const style: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d1c1a; --muted: #6b6861; --line: #e5e2db; --faint: #f3f1ec;
  --c1: #8a8578; --c2: #b7791f; --c3: #0f766e; --c4: #6d4fa3;
  --good: #0f766e; --bad: #b4432f;
  --sans: ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", P052, "Book Antiqua", Georgia, serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161614; --card: #1e1e1b; --ink: #eceae4; --muted: #a19d93; --line: #33322e; --faint: #262622;
    --c1: #a09b8f; --c2: #dba550; --c3: #4fbfb2; --c4: #ab92dc;
    --good: #4fbfb2; --bad: #e58a74;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 var(--sans); -webkit-font-smoothing: antialiased; }
main { max-width: 1080px; margin: 0 auto; padding: 72px 32px 96px; }
.c1 { --color: var(--c1); } .c2 { --color: var(--c2); } .c3 { --color: var(--c3); } .c4 { --color: var(--c4); }
h1, h2 { font-family: var(--serif); font-weight: 500; letter-spacing: -0.012em; line-height: 1.15; text-wrap: balance; }
h1 { font-size: clamp(34px, 5vw, 52px); margin: 10px 0 18px; }
h2 { font-size: 27px; margin: 0 0 6px; }
.eyebrow { color: var(--muted); font-size: 13px; letter-spacing: 0.02em; margin: 0; }
.lead { font-size: 19px; line-height: 1.55; max-width: 44em; margin: 0; text-wrap: pretty; }
.note { color: var(--muted); font-size: 14.5px; max-width: 46em; margin: 0 0 24px; text-wrap: pretty; }
section { margin-top: 68px; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); margin: 40px 0 0; padding: 0; border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); }
.numbers > div { padding: 20px 20px 18px; border-left: 1px solid var(--line); }
.numbers > div:first-child { border-left: 0; padding-left: 0; }
dt { color: var(--muted); font-size: 13.5px; }
dd { margin: 0; }
.numbers dd { font: 500 31px/1.2 var(--serif); font-variant-numeric: lining-nums tabular-nums; margin-top: 2px; }
.numbers dd small { display: block; font: 13px/1.4 var(--sans); color: var(--muted); margin-top: 4px; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 20px; }
.panels.two { grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); }
.chart, .panel { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px 12px; }
.panel { padding: 22px 24px 16px; overflow-x: auto; }
.chart figcaption { display: flex; justify-content: space-between; align-items: baseline; font-size: 14.5px; margin-bottom: 6px; }
.chart strong { font-weight: 600; color: var(--color); font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: auto; font-family: var(--sans); font-variant-numeric: tabular-nums; }
.intervals { min-width: 560px; }
.grid { stroke: var(--line); stroke-width: 1; }
.tick { fill: var(--muted); font-size: 11.5px; }
.name { fill: var(--ink); font-size: 15px; } .value { fill: var(--ink); font-size: 16px; font-weight: 600; }
.raw { fill: none; stroke: var(--color); stroke-width: 1; opacity: 0.28; stroke-linejoin: round; }
.line { fill: none; stroke: var(--color); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.end { fill: var(--color); stroke: var(--card); stroke-width: 1.6; }
.bar { fill: var(--color); opacity: 0.8; }
.whisker { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.run { fill: var(--color); }
table.words td { white-space: normal; text-align: left; vertical-align: top; }
td small { color: var(--muted); }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums; }
th { font-weight: 500; color: var(--muted); font-size: 13.5px; text-align: right; padding: 0 12px 10px; white-space: nowrap; }
td { padding: 8px 12px; border-top: 1px solid var(--line); text-align: right; white-space: nowrap; }
tbody th { color: var(--ink); font-size: 15px; padding: 8px 12px 8px 0; border-top: 1px solid var(--line); }
th:first-child { text-align: left; padding-left: 0; }
td:last-child, th:last-child { padding-right: 0; }
tfoot td, tfoot th { border-top: 1px solid var(--ink); font-weight: 600; color: var(--ink); padding-top: 9px; font-size: 15px; }
.meter { display: inline-block; vertical-align: middle; width: 64px; height: 6px; margin-left: 12px; border-radius: 3px; background: var(--faint); overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--color); border-radius: 3px; }
.up { color: var(--good); } .down { color: var(--bad); }
.sample { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin-top: 18px; overflow: hidden; }
.sample header { display: flex; gap: 16px; justify-content: space-between; align-items: baseline; padding: 14px 20px; border-bottom: 1px solid var(--line); }
.sample h3 { margin: 0; font: 500 18px/1.45 var(--serif); overflow-wrap: anywhere; }
.sample header p { margin: 0; color: var(--muted); font-size: 13.5px; white-space: nowrap; }
.sides { display: grid; grid-template-columns: 1fr 1fr; }
.sides > div { padding: 14px 20px 18px; min-width: 0; }
.sides > div + div { border-left: 1px solid var(--line); }
.sides h4 { margin: 0 0 8px; font-size: 13.5px; font-weight: 500; color: var(--muted); display: flex; justify-content: space-between; }
.mark { font-weight: 600; } .mark.right { color: var(--good); } .mark.wrong { color: var(--bad); }
pre { margin: 0; font: 13px/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 0 44px; margin: 0; }
.settings > div { display: flex; justify-content: space-between; gap: 20px; padding: 7px 0; border-top: 1px solid var(--line); font-size: 14px; }
.settings dd { font-family: var(--mono); font-size: 13px; text-align: right; overflow-wrap: anywhere; }
h3.group { font: 500 15px/1.4 var(--sans); margin: 28px 0 10px; }
footer { margin-top: 72px; padding-top: 18px; border-top: 1px solid var(--line); color: var(--muted); font-size: 13.5px; }
@media (max-width: 720px) {
  main { padding: 40px 20px 64px; }
  .sides { grid-template-columns: 1fr; }
  .sides > div + div { border-left: 0; border-top: 1px solid var(--line); }
  .numbers { grid-template-columns: 1fr 1fr; }
  .numbers > div, .numbers > div:first-child { padding: 14px 0; border-left: 0; }
}
@media print { body { background: none; } section, .chart, .sample { break-inside: avoid; } main { padding: 0; max-width: none; } }
`;
