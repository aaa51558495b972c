/** The stylesheet and the icon of the pages: dark and light, phone width, visible focus. */
export const style = `
:root { color-scheme: light dark; --text: #1a1a1a; --page: #fdfdfd; --line: #8a8a8a; --accent: #0b57d0; --on-accent: #fff; --danger: #b3261e; --soft: #f0f0f0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececec; --page: #161616; --line: #7d7d7d; --accent: #a8c7fa; --on-accent: #10233f; --danger: #f2b8b5; --soft: #262626; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 44rem; margin: 0 auto; padding: 0 1rem; }
header { border-bottom: 1px solid var(--line); }
footer { margin-top: 2rem; padding-bottom: 1rem; border-top: 1px solid var(--line); }
nav { padding-top: .5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
a { color: var(--accent); }
nav a, summary { display: inline-block; padding: .25rem 0; min-height: 24px; }
hr { border: 0; margin: 2rem 0 0; }
.devices { list-style: none; margin: 0; padding: 0; }
.devices li { display: grid; grid-template-columns: 1fr max-content; gap: 0 1rem; align-items: center; padding: .8rem 0; border-bottom: 1px solid var(--line); }
.devices h2 { font-size: 1rem; margin: 0; }
.devices dl { grid-row: 2; margin: 0; }
.devices form { grid-row: 1 / 3; grid-column: 2; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
.devices dt { font-weight: normal; }
pre { background: var(--soft); padding: .8rem; margin: .5rem 0; white-space: pre-wrap; }
summary { cursor: pointer; display: list-item; }
button, .button { font: inherit; padding: .5rem 1rem; border: 1px solid var(--accent); border-radius: .3rem; background: var(--accent); color: var(--on-accent); text-decoration: none; display: inline-block; cursor: pointer; }
.danger { background: transparent; border-color: var(--danger); color: var(--danger); }
input:not([type=hidden]) { font: inherit; padding: .5rem; border: 1px solid var(--line); border-radius: .3rem; width: 14rem; max-width: 100%; background: var(--page); color: var(--text); }
input[aria-invalid] { border: 2px solid var(--danger); }
label { display: block; margin-bottom: .3rem; font-weight: 600; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.notice, .warning, .problem { background: var(--soft); padding: .8rem; border-left: .3rem solid var(--line); }
.problem { border-color: var(--danger); }
`;

/** A key. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g fill="none" stroke="#0b57d0" stroke-width="2"><circle cx="5" cy="8" r="3"/><path d="M8 8h7v3m-3-3v2"/></g></svg>';
