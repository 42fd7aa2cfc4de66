// How the page of `finwait probe --html` looks: light and dark, from 360 pixels on, on paper.

export const PROBE_STYLE = `
  :root { color-scheme: light dark;
    --ink: #1c1c1c; --soft: #5c5c5c; --line: #d8d8d8; --paper: #ffffff; --back: #f5f5f3;
    --pass: #1b6e35; --unkind: #8a5a00; --fail: #b3141f; --link: #1a56a0; }
  @media (prefers-color-scheme: dark) { :root {
    --ink: #ececec; --soft: #a8a8a8; --line: #3c3c3c; --paper: #161616; --back: #202020;
    --pass: #7fd196; --unkind: #f0c060; --fail: #ff8a85; --link: #8fbcf5; } }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--paper);
    color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
  h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
  p { margin: .5rem 0; }
  a { color: var(--link); }
  code { font: .9em ui-monospace, monospace; }
  .counts { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: 1rem 0;
    list-style: none; }
  .counts li { flex: 1 1 8rem; padding: .5rem .75rem; background: var(--back);
    border-left: .25rem solid; }
  .counts b { font-size: 1.5rem; }
  .pass { color: var(--pass); } .unkind { color: var(--unkind); } .fail { color: var(--fail); }
  .not-reached { color: var(--soft); }
  td.fail, td.unkind { font-weight: 600; }
  table { width: 100%; border-collapse: collapse; }
  th { text-align: left; font-weight: 600; color: var(--soft); }
  th, td { padding: .4rem .75rem .4rem 0; vertical-align: top;
    border-bottom: 1px solid var(--line); }
  th:nth-child(1) { width: 8rem; } th:nth-child(2) { width: 5rem; }
  details { margin-top: .25rem; }
  summary { cursor: pointer; color: var(--soft); }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .5rem 0; }
  dt { color: var(--soft); } dd { margin: 0; }
  .line { width: auto; max-width: 100%; margin: .5rem 0; background: var(--back);
    font: .85rem/1.45 ui-monospace, monospace; }
  .line caption { text-align: left; padding: .4rem .6rem; background: var(--back);
    color: var(--soft); }
  .line td { border: 0; padding: .05rem .6rem; }
  .line td:first-child { text-align: right; white-space: nowrap; color: var(--soft); }
  @media (max-width: 40rem) {
    thead { display: none; }
    tbody > tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
    tbody > tr > td { display: inline-block; border: 0; padding: 0 .75rem 0 0; }
    tbody > tr > td:last-child { display: block; padding: 0; }
    .line tbody > tr { display: grid; grid-template-columns: 8.5em 1fr; gap: .6rem; border: 0;
      padding: .05rem .6rem; }
    .line tbody > tr > td { display: block; padding: 0; }
    dl { display: block; } dd { margin: 0 0 .4rem; } }
`;
