/** Version 1, which Koa uses, brings no types; those of version 2 elsewhere in the workspace do not fit it. */
declare module 'content-disposition' {
  function contentDisposition(filename?: string, options?: { type?: string; fallback?: string | boolean }): string
  export = contentDisposition
}
