/** A token for this tab: in sessionStorage, never in an address. */
export class TokenStore {
  /** @param {string} purpose `publish`, `admin`, or `view.NAME` of a stream */
  constructor(purpose) {
    this._key = `sharpcast.${purpose}-token`;
    // Some browsers refuse storage to some pages; the token then lives as long as the page.
    this._fallback = '';
  }

  get() {
    try {
      return sessionStorage.getItem(this._key) ?? this._fallback;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return this._fallback;
    }
  }

  /**
   * @param {string} token
   * @returns {boolean} whether it is there after a reload
   */
  set(token) {
    this._fallback = token;
    try {
      // This tab only, and gone with it. An address would put the token into histories, logs and links that people
      // pass on.
      sessionStorage.setItem(this._key, token);
      return true;
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return false;
    }
  }
}
