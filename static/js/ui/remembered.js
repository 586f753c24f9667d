/** Choices of a person that outlive the page: in localStorage, for this browser. Nothing secret. */
export class Remembered {
  /** @param {string} page whose choices they are */
  constructor(page) {
    this._key = `sharpcast.${page}.`;
  }

  /**
   * @param {string} name
   * @returns {string | null} null where nothing was chosen, or the browser refuses storage
   */
  get(name) {
    try {
      return localStorage.getItem(this._key + name);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return null;
    }
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  set(name, value) {
    try {
      localStorage.setItem(this._key + name, value);
    } catch (error) {
      // Refused, or full: the choice lives as long as the page.
      if (!(error instanceof DOMException)) throw error;
    }
  }

  /** @param {string} name */
  forget(name) {
    try {
      localStorage.removeItem(this._key + name);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
