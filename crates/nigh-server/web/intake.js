/** The ways in which a photo comes: picked, pasted or dropped. */

import { $, on } from './dom.js';

/** @param {() => boolean} ready whether a photo can be used now @param {(file: File | undefined) => void} take */
export function listenToPhotos(ready, take) {
  on('photo', 'change', (event) => {
    take(pictureAmong(event.target.files));
    event.target.value = '';
  });
  document.addEventListener('paste', (event) => {
    if (ready() && event.clipboardData.files.length) take(pictureAmong(event.clipboardData.files));
  });
  document.addEventListener('dragover', (event) => hover(event, true, ready));
  document.addEventListener('dragleave', (event) => event.relatedTarget ?? hover(event, false, ready));
  document.addEventListener('drop', (event) => {
    if (hover(event, false, ready)) take(pictureAmong(event.dataTransfer.files));
  });
}

function hover(event, over, ready) {
  if (!ready() || !event.dataTransfer.types.includes('Files')) return false;
  event.preventDefault();
  $('drop').hidden = !over;
  return true;
}

/** The picture among files that were dropped or pasted. */
function pictureAmong(files) {
  return [...(files ?? [])].find((file) => file.type.startsWith('image/') || file.type === '');
}
