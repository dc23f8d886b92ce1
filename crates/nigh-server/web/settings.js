/** What a person has chosen for themselves, kept in the browser. */

import { fill, on } from './dom.js';

/** Keeps a choice and reads it back. Where storage is switched off it lasts as long as the page. */
export function stored(name, text) {
  try {
    if (text) localStorage.setItem(name, text);
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

const THEMES = { auto: 'light', light: 'dark', dark: 'auto' };

/** The button `theme` switches between the system's scheme, light and dark. */
export function listenToTheme() {
  const named = () => document.documentElement.dataset.theme ?? 'auto';
  const say = () => fill('theme', `Theme: ${named()}`);
  on('theme', 'click', () => {
    const next = THEMES[named()];
    if (next === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    stored('nigh.theme', next);
    say();
  });
  say();
}
