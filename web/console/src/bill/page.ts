const STYLES = /<style>([^<]*)<\/style>/g;

/**
 * Puts an HTML page from the server into an empty frame and returns the height that it needs. The frame runs no scripts. The page's content security
 * policy, which the frame inherits, forbids style elements; style sheets that are set through the DOM are allowed, so this function sets the page's
 * styles in that way. The function cuts the style elements out of the text before parsing, because the browser reports a style element as soon as it
 * is parsed.
 */
export function showPage(frame: HTMLIFrameElement, html: string): number {
  const target = frame.contentDocument;
  const view = target?.defaultView ?? null;
  if (target === null || view === null) return 0;
  const sheets = Array.from(html.matchAll(STYLES), ([, rules = '']) => {
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(rules);
    return sheet;
  });
  const page = new DOMParser().parseFromString(html.replace(STYLES, ''), 'text/html');
  page.querySelectorAll('style, script, link, meta').forEach((element) => {
    element.remove();
  });
  target.adoptedStyleSheets = sheets;
  target.documentElement.lang = page.documentElement.lang;
  target.title = page.title;
  target.body.replaceChildren(...Array.from(page.body.childNodes, (node) => target.importNode(node, true)));
  return target.documentElement.scrollHeight;
}
