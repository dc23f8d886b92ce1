/** The photos of this visit. They stay in memory: a link cannot hold them. */

const photos = new Map();
const SMALLER_SIDE = 1024;

/** Keeps a file and gives the id that it has from now on. */
export async function keepPhoto(file) {
  const id = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  photos.set(id, { name: file.name || 'photo', url: URL.createObjectURL(file), base64: await base64(file), file });
  return id;
}

export const photo = (id) => photos.get(id);

/** Puts a copy with sides of at most 1024 pixels in the photo's place. */
export async function shrinkPhoto(id) {
  const kept = photos.get(id);
  const file = await smaller(kept.file);
  photos.set(id, { ...kept, file, base64: await base64(file) });
}

async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, SMALLER_SIDE / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
}

function base64(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onloadend = () => resolve(String(reader.result ?? '').split(',')[1] ?? '');
    reader.readAsDataURL(file);
  });
}
