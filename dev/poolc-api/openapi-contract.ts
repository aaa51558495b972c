/** openapi.yaml as a judge: does an answer of the server agree with what the document says of it? */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { z } from 'zod';

const answerSchema = z.strictObject({
  description: z.string(),
  content: z.record(z.string(), z.unknown()).optional(),
});
const responseSchema = z.union([z.strictObject({ $ref: z.string() }), answerSchema]);
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.looseObject({ responses: z.record(z.string(), responseSchema) }))),
  components: z.looseObject({ responses: z.record(z.string(), answerSchema) }),
});

export interface ObservedAnswer {
  method: string;
  path: string;
  status: number;
  /** The answer's Content-Type; null when it has none. */
  contentType: string | null;
  body: string;
}

interface DescribedAnswer {
  place: string[];
  /** By media type; undefined where the answer has no body. */
  content: Record<string, unknown> | undefined;
}

/** The document as it is written. */
export function readOpenApiDocument(): Record<string, unknown> {
  const text = readFileSync(new URL('openapi.yaml', import.meta.url), 'utf8');
  return z.record(z.string(), z.unknown()).parse(parse(text));
}

export function openApiContract() {
  const document = documentSchema.parse(readOpenApiDocument());
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'openapi.yaml');
  const seen = new Set<string>();

  /** The description of an answer, and its place: one place for a shared description, however many use it. */
  function describedAnswer(path: string, method: string, status: string): DescribedAnswer | undefined {
    const described = document.paths[path]?.[method.toLowerCase()]?.responses[status];
    if (described === undefined) return undefined;
    if (!('$ref' in described)) {
      return { place: ['paths', path, method.toLowerCase(), 'responses', status], content: described.content };
    }
    const name = described.$ref.replace('#/components/responses/', '');
    const shared = document.components.responses[name];
    if (shared === undefined) throw new Error(`openapi.yaml: ${described.$ref} leads nowhere`);
    return { place: ['components', 'responses', name], content: shared.content };
  }

  return {
    /** @throws an Error that says where answer and document differ; for an undescribed path or method, anything but 404 or 405. */
    check({ method, path, status, contentType, body }: ObservedAnswer): void {
      const what = `${method} ${path} -> ${status}`;
      const operations = document.paths[path];
      if (operations === undefined || operations[method.toLowerCase()] === undefined) {
        const expected = operations === undefined ? 404 : 405;
        if (status !== expected) throw new Error(`${what}: not in openapi.yaml, so that it should be ${expected}`);
        return;
      }
      const described = describedAnswer(path, method, String(status));
      if (described === undefined) throw new Error(`${what}: openapi.yaml does not know this status`);
      const { place, content } = described;
      seen.add(place.join(' '));
      if (content === undefined) {
        if (body !== '') throw new Error(`${what}: a body where openapi.yaml has none`);
        return;
      }
      const mediaType = contentType?.split(';')[0] ?? '';
      if (content[mediaType] === undefined) throw new Error(`${what}: openapi.yaml does not know ${mediaType} here`);
      const pointer = [...place, 'content', mediaType, 'schema'].map(pointerToken).join('/');
      const value: unknown = mediaType === 'application/json' ? JSON.parse(body) : body;
      if (!ajv.validate({ $ref: `openapi.yaml#/${pointer}` }, value)) throw new Error(`${what}: ${ajv.errorsText()}`);
    },
    /** Every described answer that `check` has not met, by its place in the document. */
    unseen(): string[] {
      const described = Object.entries(document.paths).flatMap(([path, operations]) =>
        Object.entries(operations).flatMap(([method, { responses }]) =>
          Object.keys(responses).map((status) => describedAnswer(path, method, status)?.place.join(' ') ?? ''),
        ),
      );
      return [...new Set(described)].filter((one) => !seen.has(one));
    },
  };
}

function pointerToken(text: string): string {
  return encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'));
}
