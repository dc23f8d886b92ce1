/** Descriptions as the document writes them: plain text with `code` between back-ticks. */

import { el } from './dom.js';

/** The text's pieces, to be put into an element. Brackets around a name link nowhere here. */
export function prose(text) {
  const pieces = text.replaceAll(/\[(`[^`]+`)\]/g, '$1').split(/`([^`]+)`/);
  return pieces.map((piece, at) => (at % 2 ? el('code', {}, piece) : piece)).filter(Boolean);
}

export const paragraphs = (text) => text.split(/\n\s*\n/).filter((one) => one.trim()).map((one) => el('p', {}, ...prose(one)));
