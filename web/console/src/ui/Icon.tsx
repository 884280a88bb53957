import type { ReactElement } from 'react';

/** Outlines of icons on a 24 × 24 grid, drawn in the color of the text. */
const PATHS = {
  add: 'M12 5v14M5 12h14',
  alert: 'M12 3 2.5 20h19L12 3zM12 10v5M12 17.5v.5',
  back: 'M15 5l-7 7 7 7',
  board: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  card: 'M3 6h18v12H3zM3 10h18',
  cash: 'M3 6h18v12H3zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM6 12h.01M18 12h.01',
  check: 'M4 12.5l5 5L20 6.5',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2',
  close: 'M6 6l12 12M18 6L6 18',
  closed: 'M6 3h12v18H6zM14.5 12h.01',
  download: 'M12 4v11M7 10.5l5 5 5-5M4 20h16',
  gear: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 2.5v3M12 18.5v3M2.5 12h3M18.5 12h3M5.3 5.3l2.1 2.1M16.6 16.6l2.1 2.1M18.7 5.3l-2.1 2.1M7.4 16.6l-2.1 2.1',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M12 16.5v.5',
  leave: 'M10 4H4v16h6M9 12h12M17 8l4 4-4 4',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  mute: 'M4 9.5h4L13 5v14l-5-4.5H4zM17 9.5l5 5M22 9.5l-5 5',
  offline: 'M3 3l18 18M8.5 15.5a5 5 0 0 1 6.3-.6M5 12a10 10 0 0 1 4-2.4M13 9a10 10 0 0 1 6 3M12 19h.01',
  open: 'M4 21h16M6 21V4l9-2v19M15 5h3v16M12 12h.01',
  phone: 'M6.5 3.5h3l1.5 4-2 1.5a12 12 0 0 0 6 6l1.5-2 4 1.5v3c0 1.5-1 3-3 3C10 20 4 13 3.5 6.5c0-2 1.5-3 3-3z',
  print: 'M7 8V3h10v5M7 17H4V8h16v9h-3M7 14h10v7H7z',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h3v3h-3zM20 14v.01M20 20v-3M17 20h-3',
  receipt: 'M5 3v18l2.5-1.5L10 21l2-1.5 2 1.5 2.5-1.5L19 21V3zM9 8h6M9 12h6',
  register: 'M4 11h16v9H4zM6 11l2-7h8l2 7M4 15.5h16M12 18h.01',
  report: 'M4 20h16M7 16v-5M12 16V6M17 16v-8',
  ringing: 'M6.5 3.5h3l1.5 4-2 1.5a12 12 0 0 0 6 6l1.5-2 4 1.5v3c0 1.5-1 3-3 3C10 20 4 13 3.5 6.5c0-2 1.5-3 3-3zM15 3.5a5.5 5.5 0 0 1 5.5 5.5M15 7a2 2 0 0 1 2 2',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L21 21',
  send: 'M3 12h12M11 7l5 5-5 5M20 4v16',
  sound: 'M4 9.5h4L13 5v14l-5-4.5H4zM16.5 9a4 4 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11',
  tag: 'M3 12V3h9l9 9-9 9zM7.5 7.5h.01',
  transfer: 'M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4',
  trash: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5',
  wrench: 'M14.5 6.5a4.5 4.5 0 0 0-6 5.7L3 17.7 6.3 21l5.5-5.5a4.5 4.5 0 0 0 5.7-6L14.5 12.5 11.5 9.5z',
} as const;

export type IconName = keyof typeof PATHS;

/** An icon. Screen readers skip it, because a text beside it always says the same. */
export function Icon({ name }: { readonly name: IconName }): ReactElement {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
