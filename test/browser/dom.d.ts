// playwright-core's types name a browser's types, which the program of these tests does not have: scripts go to the browser as text.
interface Node {}
interface HTMLElement {}
interface SVGElement {}
interface HTMLElementTagNameMap {}
