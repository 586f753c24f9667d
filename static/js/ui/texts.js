/**
 * The pages' sentences in the language of the person who reads them. Touches no document.
 *
 * The English sentence is the key. A language is a file, `static/texts/CODE.json`, and a line in `LANGUAGES`. A
 * sentence that a file lacks is shown in English. Sentences are looked up when they are shown, not when a module is
 * loaded: until `loadTexts` is done all of them are English.
 */

import { address } from '../net/address.js';

/** @typedef {Record<string, string | number>} Values what is put in place of `{name}` */

/** @type {Record<string, {name: string, tag: string}>} by code: the name that its speakers give it, and its tag */
export const LANGUAGES = {
  en: { name: 'English', tag: 'en' },
  de: { name: 'Deutsch', tag: 'de' },
  es: { name: 'Español', tag: 'es' },
  fr: { name: 'Français', tag: 'fr' },
  zh: { name: '中文', tag: 'zh-Hans' },
};

const KEY = 'sharpcast.language';
/** A page that waits longer for its words had better begin in English. */
const PATIENCE_MS = 3000;

let code = 'en';
/** @type {Map<string, string | Record<string, string>>} a string, or one for each plural category */
let table = new Map();

/** The code of the language that is shown. */
export function language() {
  return code;
}

/** The tag of the language that is shown, as `Intl` and the attribute `lang` take it. */
export function languageTag() {
  return LANGUAGES[code].tag;
}

/**
 * A sentence in the language of the page.
 *
 * @param {string} sentence in English, whole, with `{name}` where a value stands
 * @param {Values} values
 */
export function t(sentence, values = {}) {
  const found = table.get(sentence);
  return filled(typeof found === 'string' ? found : sentence, values);
}

/**
 * A sentence about a number of things: `plural('{n} viewer', '{n} viewers', 3)`. Its key is the second form.
 *
 * @param {string} one English, for 1
 * @param {string} many English, for all else
 * @param {number} n
 * @param {Values} values
 */
export function plural(one, many, n, values = {}) {
  const found = table.get(many);
  const forms = typeof found === 'object' ? found : { one, other: many };
  const form = new Intl.PluralRules(languageTag()).select(n);
  return filled(forms[form] ?? forms.other, { n, ...values });
}

/**
 * Marks a sentence that stands in a table and goes through `t` when it is shown.
 *
 * @param {string} sentence
 */
export function msg(sentence) {
  return sentence;
}

/**
 * @param {string} sentence
 * @param {Values} values
 */
function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(languageTag()) : value;
  });
}

/**
 * The first language that a person reads and that there is.
 *
 * @param {string | null} kept what was chosen on an earlier visit
 * @param {readonly string[]} preferred tags, the dearest first
 */
export function chooseLanguage(kept, preferred) {
  const codes = [kept ?? '', ...preferred].map((tag) => tag.toLowerCase().split('-')[0]);
  return codes.find((one) => Object.hasOwn(LANGUAGES, one)) ?? 'en';
}

/** Fetches the words of the chosen language. Safe to call twice; where they do not come, the page stays English. */
export async function loadTexts() {
  const chosen = chooseLanguage(keptLanguage(), navigator.languages ?? []);
  if (chosen === code) return;
  try {
    table = chosen === 'en' ? new Map() : new Map(Object.entries(await fetched(chosen)));
    code = chosen;
  } catch (error) {
    // No answer, none in time, or no JSON.
    if (!(error instanceof TypeError || error instanceof DOMException || error instanceof SyntaxError)) throw error;
  }
}

/**
 * @param {string} chosen
 * @returns {Promise<Record<string, string | Record<string, string>>>}
 */
async function fetched(chosen) {
  const response = await fetch(address(`static/texts/${chosen}.json`), { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new TypeError(`no texts: ${response.status}`);
  return response.json();
}

function keptLanguage() {
  try {
    return localStorage.getItem(KEY);
  } catch (error) {
    // Some browsers refuse storage to some pages.
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
}

/**
 * Keeps a choice for the next page.
 *
 * @param {string} chosen
 */
export function keepLanguage(chosen) {
  try {
    localStorage.setItem(KEY, chosen);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
