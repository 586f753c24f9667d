import { t } from './texts.js';

/**
 * Makes `button` copy what `text` gives, and confirm it.
 *
 * @param {HTMLElement} button
 * @param {() => string} text
 */
export function copies(button, text) {
  const label = button.textContent ?? '';
  let timer = 0;
  button.addEventListener('click', async () => {
    button.textContent = (await copy(text())) ? t('Copied') : t('Not copied');
    clearTimeout(timer);
    timer = window.setTimeout(() => (button.textContent = label), 1600);
  });
}

/** @param {string} text */
async function copy(text) {
  try {
    // Missing on pages without HTTPS.
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  return copyBySelection(text);
}

/** @param {string} text */
function copyBySelection(text) {
  // The old way works on pages without HTTPS, as those of a server in one's own network usually are.
  const box = document.createElement('textarea');
  box.value = text;
  box.className = 'visually-hidden';
  document.body.append(box);
  box.select();
  const done = document.execCommand('copy');
  box.remove();
  return done;
}
