// What a response's Content-Type says came. Not for: what the bytes are.

/** Whether it is a web page: where a file was requested, that comes from something in between, such as the login page of a network. */
export const isWebPage = (type: string | null): boolean =>
  /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(type ?? "");
