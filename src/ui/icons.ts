// The lines of the app's icons, drawn on a grid of 20. Not for: drawing them (Icon.svelte).

export const iconPaths = {
  plus: "M10 4v12M4 10h12",
  menu: "M3 6h14M3 10h14M3 14h14",
  close: "M5 5l10 10M15 5L5 15",
  send: "M10 16V4M5 9l5-5 5 5",
  stop: "M6 6h8v8H6z",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  check: "M4 10.5l4 4 8-9",
  edit: "M4 16l1-4 8-8 3 3-8 8zM11.500 5.500l3 3",
  again: "M16 10a6 6 0 1 1-2-4.500M16 3v3.500h-3.500",
  left: "M12 5l-5 5 5 5",
  right: "M8 5l5 5-5 5",
  down: "M10 4v12M5 11l5 5 5-5",
  more: "M4.500 10h.01M10 10h.01M15.500 10h.01",
  models: "M10 3l7 4-7 4-7-4zM3 10.500l7 4 7-4M3 14l7 4 7-4",
  storage: "M4 5c0-1.500 12-1.500 12 0s-12 1.500-12 0v10c0 1.500 12 1.500 12 0V5M4 10c0 1.500 12 1.500 12 0",
  command: "M5 6l4 4-4 4M10.500 15H16",
  settings: "M3 6h8M15 6h2M13 4v4M3 14h2M9 14h8M7 12v4",
  search: "M8.500 14a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11zM13 13l4 4",
  install: "M10 3v9M6 8.500l4 4 4-4M4 16h12",
  thought: "M10 3a5 5 0 0 1 3 9v2H7v-2a5 5 0 0 1 3-9zM8 17h4",
  compare: "M4 4h5v12H4zM11 4h5v12h-5z",
  trust: "M10 3l6 2v5c0 4-3 6-6 7-3-1-6-3-6-7V5zM7.500 10l2 2 3.500-4",
  lock: "M5 9h10v8H5zM7 9V6.500a3 3 0 0 1 6 0V9",
  warning: "M10 3l8 14H2zM10 8v4M10 14.500h.01",
} as const;
export type IconName = keyof typeof iconPaths;
