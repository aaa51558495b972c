/** `npm run policies`: renders Kyverno's forms of the policies in deploy/policies. */
import { writeKyvernoPolicies } from './rendering/index.ts';

await writeKyvernoPolicies();
