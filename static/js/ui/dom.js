/** Making and finding elements. */

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T} throws where the page lacks it
 */
export function byId(id, kind) {
  return partOf(document, id, kind);
}

/**
 * The same within the document or one shadow tree.
 *
 * @template {Element} T
 * @param {Document | ShadowRoot} root
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T} throws where the root lacks it
 */
export function partOf(root, id, kind) {
  const element = root.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/**
 * `el('a', {class: 'button', href: '/'}, 'Home')`. `true` sets an empty attribute; `false` leaves it away.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | number | boolean>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, string | number | boolean>} attributes
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  fill(element, attributes, children);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, string | number | boolean>} attributes
 * @param {(Node | string)[]} children
 */
function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(key, value === true ? '' : String(value));
  }
  element.append(...children);
}

/**
 * Sets the text only where it differs, so that screen readers and selections are left in peace.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Keeps one child per item, by key and in order, so that focus and open menus survive an update.
 *
 * @template I
 * @template {{root: Element, update: (item: I) => void, close?: () => void}} V
 * @param {Element} parent
 * @param {Map<string, V>} views
 * @param {I[]} items
 * @param {(item: I) => string} keyOf
 * @param {(item: I) => V} make
 */
export function reconcile(parent, views, items, keyOf, make) {
  // Views of items that are gone leave first; the positions compared below would be off by them otherwise.
  const keys = new Set(items.map(keyOf));
  for (const [key, view] of views) {
    if (keys.has(key)) continue;
    view.root.remove();
    view.close?.();
    views.delete(key);
  }
  items.forEach((item, index) => {
    let view = views.get(keyOf(item));
    if (view === undefined) {
      view = make(item);
      views.set(keyOf(item), view);
    }
    view.update(item);
    // Moving an element takes the focus from what is inside it, so only those out of place are moved.
    if (parent.children[index] !== view.root) parent.insertBefore(view.root, parent.children[index] ?? null);
  });
}
