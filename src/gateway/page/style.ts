/** The stylesheet of the pages: dark and light, phone width, visible focus. */
export const style = `
:root { color-scheme: light dark; --text: #1a1a1a; --page: #fdfdfd; --line: #8a8a8a; --accent: #0b57d0; --on-accent: #fff; --danger: #b3261e; --soft: #f0f0f0; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececec; --page: #161616; --line: #7d7d7d; --accent: #a8c7fa; --on-accent: #10233f; --danger: #f2b8b5; --soft: #262626; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
a { color: var(--accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
td:last-child { text-align: right; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .8rem; overflow-x: auto; }
button, .button { font: inherit; padding: .5rem 1rem; border: 1px solid var(--accent); border-radius: .3rem; background: var(--accent); color: var(--on-accent); text-decoration: none; display: inline-block; cursor: pointer; }
.danger { background: transparent; border-color: var(--danger); color: var(--danger); }
input:not([type=hidden]) { font: inherit; padding: .5rem; border: 1px solid var(--line); border-radius: .3rem; width: 14rem; max-width: 100%; background: var(--page); color: var(--text); }
label { display: block; margin-bottom: .3rem; font-weight: 600; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.notice, .warning, .problem { background: var(--soft); padding: .8rem; border-left: .3rem solid var(--line); }
.problem { border-color: var(--danger); }
`;
