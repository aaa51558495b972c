/** `npm run crd`: makes the custom resource of deploy/controller from the settings table. */
import { writeCustomResource } from './index.ts';

await writeCustomResource();
