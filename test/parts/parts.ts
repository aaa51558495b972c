/** What is too heavy for `npm test`: the parts of `npm run test:parts`, which a workflow runs each night. */

import type { Step } from '../steps.ts';
import { chaos } from './chaos.ts';
import { gatewayLifetimes } from './gateway-lifetimes.ts';
import { kyvernoCel } from './kyverno-cel.ts';
import { largeDirectories } from './large-directories.ts';
import { mutation } from './mutation.ts';
import { olderVersions } from './older-versions.ts';

export const parts: readonly Step[] = [chaos, gatewayLifetimes, kyvernoCel, largeDirectories, olderVersions, mutation];
