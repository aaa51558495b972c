/** Node's flags in the updater's image: what stands between Node and the bundle. */
import { imageSettings } from '../dev/image/images.ts';

export const updaterNodeFlags: readonly string[] = imageSettings('credentials-updater').entrypoint.slice(1, -1);
