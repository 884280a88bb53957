/** The widest content security policy under which the program may serve the page. */
export const WIDE =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; font-src 'self' data:; " +
  "img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'";

/** The policy that the page needs: its own files, and inline styles, which the editor computes. */
export const NARROW =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; font-src 'self'; " +
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
