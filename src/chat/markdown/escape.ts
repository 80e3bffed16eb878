// Text as HTML that shows it. Not for: HTML that is to stay HTML (render.ts).

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
