/**
 * Translates what stands in a page's HTML, and lets people choose the language.
 *
 * A sentence is the text of one element, from its first character to its last. Elements within it are placeholders: the key
 * of `<p>Start <b>one</b> now</p>` is `Start {0} now`. `translate="no"` keeps an element, with all in it, as it is.
 */

import { el } from './dom.js';
import { LANGUAGES, keepLanguage, language, languageTag, loadTexts, t } from './texts.js';

const ATTRIBUTES = ['aria-label', 'alt', 'placeholder', 'title'];
const KEPT = 'script, style, code, kbd, [translate="no"]';
const WORD = /\p{L}/u;

/**
 * Loads the words, translates the document and adds the chooser to its header. Every page awaits this first.
 *
 * @returns {Promise<HTMLSelectElement>} the chooser
 */
export async function openPage() {
  await loadTexts();
  document.documentElement.lang = languageTag();
  document.title = t(document.title);
  const description = document.querySelector('meta[name="description"]');
  description?.setAttribute('content', t(description.getAttribute('content') ?? ''));
  translate(document.body);
  const chooser = languageChooser();
  document.querySelector('.top')?.append(chooser);
  return chooser;
}

/** @param {Element} element whose words and those within are English so far */
export function translate(element) {
  if (element.matches(KEPT)) return;
  for (const name of ATTRIBUTES) {
    const words = element.getAttribute(name);
    if (words) element.setAttribute(name, t(words));
  }
  // Taken before the text moves, though elements stay what they are.
  const children = [...element.children];
  translateOwn(element);
  for (const child of children) translate(child);
}

/** @param {Element} element */
function translateOwn(element) {
  const nodes = [...element.childNodes];
  const texts = nodes.filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
  if (!texts.some((node) => WORD.test(node.textContent ?? ''))) return;
  const run = nodes.slice(nodes.indexOf(texts[0]), nodes.indexOf(texts[texts.length - 1]) + 1).filter((node) => node.nodeType !== Node.COMMENT_NODE);
  /** @type {Node[]} */
  const parts = [];
  const raw = run.map((node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.textContent ?? '';
    parts.push(node);
    return `{${parts.length - 1}}`;
  }).join('');
  const key = raw.replace(/\s+/g, ' ').trim();
  const words = t(key);
  if (words === key) return;
  const [before] = /^\s*/.exec(raw) ?? [''];
  const [after] = /\s*$/.exec(raw) ?? [''];
  const made = `${before}${words}${after}`.split(/\{(\d+)\}/).map((part, at) =>
    at % 2 === 0 ? document.createTextNode(part) : parts[Number(part)]);
  const place = run[run.length - 1].nextSibling;
  for (const node of run) if (node.nodeType === Node.TEXT_NODE) node.parentNode?.removeChild(node);
  for (const node of made) element.insertBefore(node, place);
}

function languageChooser() {
  const options = Object.entries(LANGUAGES).map(([value, { name, tag }]) => el('option', { value, lang: tag }, name));
  const chooser = el('select', { class: 'language', 'aria-label': t('Language'), translate: 'no' }, ...options);
  chooser.value = language();
  chooser.addEventListener('change', () => {
    keepLanguage(chooser.value);
    // All words are made anew, also those that scripts have shown; a page has no state that it does not find again.
    location.reload();
  });
  return chooser;
}
