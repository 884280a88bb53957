import { LANGUAGE_NAMES } from '../src/i18n/languages.js';

/** Texts that React Aria itself adds in the page's language: the label of the hidden button that closes a drawer. */
const REACT_ARIA = ['Descartar'];

/** Everything on the page that is neither a message, nor from the server, nor a number. The server writes some sentences in English. */
export function untranslated(): string[] {
  const texts: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent?.closest('.flag, kbd, .unit, code, textarea, script, style, [lang="en"]') === null) texts.push(node.textContent ?? '');
  }
  for (const element of document.querySelectorAll('*')) {
    for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-label']) texts.push(element.getAttribute(name) ?? '');
  }
  const names: readonly string[] = Object.values(LANGUAGE_NAMES);
  const known = [...names, ...REACT_ARIA];
  return texts.filter((text) => !known.includes(text)).filter((text) => /\p{L}/u.test(own(text)));
}

/** The text without messages, data and currency signs. */
function own(text: string): string {
  let rest = text;
  for (let shorter = ''; shorter !== rest; ) {
    shorter = rest;
    rest = rest.replace(/⟦[^⟦⟧]*⟧/g, '');
  }
  return rest.replace(/§\w*/g, '').replace(/R\$|BRL/g, '');
}
