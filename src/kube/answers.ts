/** What the API server answers, as text and as what a schema makes of it. */
import type * as z from 'zod';
import type { HttpAnswer } from '../http/answer.ts';
import { Failure } from '../lib/failure.ts';

export interface HttpResponse extends Omit<HttpAnswer, 'body'> {
  /** The body as text (UTF-8): everything the API server says is. */
  readonly body: string;
}

export function textOf(answer: HttpAnswer): HttpResponse {
  const { status, body } = answer;
  return {
    status,
    header: (name) => answer.header(name),
    headers: (name) => answer.headers(name),
    body: body.toString('utf8'),
  };
}

/** JSON of an answer; undefined where it is none. */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The answer as `schema` says. @throws Failure (cluster) when the API server answers something else */
export function parseAnswer<T>(schema: z.ZodType<T>, response: Pick<HttpResponse, 'body'>, what: string): T {
  const result = schema.safeParse(parseJson(response.body));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformedAnswer(what, issue?.path.join('.') || 'its root');
}

/** An answer that isn't what the API promises: something else may be answering for the API server. */
export function malformedAnswer(what: string, where: string): Failure {
  return new Failure('cluster', `the API server's answer about ${what} is malformed at ${where}`, {
    transient: true,
    hint: 'is the server address of the kubeconfig that of a Kubernetes API server?',
  });
}
