import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countValues, repeatedKey } from './json.ts';

describe('the number of values', () => {
  const valuesIn = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 1;
    return Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), 1);
  };

  it('is never less than what JSON.parse makes of a text, and hardly more', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const counted = countValues(text);
        expect(counted).toBeGreaterThanOrEqual(valuesIn(JSON.parse(text)));
        expect(counted).toBeLessThanOrEqual(2 * valuesIn(value));
      }),
    );
  });

  it('needs no valid text', () => {
    expect(countValues('[{,"a,b\\",c')).toBe(4);
    expect(countValues('')).toBe(1);
  });
});

describe('a key that is there twice', () => {
  it.each([
    ['in the outermost object', '{"a":1,"b":2,"a":3}', 'a'],
    ['in an object within', '{"a":[{"b":1},{"b":1,"c":{},"b":2}]}', 'b'],
    ['once in another spelling', '{"a":1,"\\u0061":2}', 'a'],
    ['with space around it', '{ "a" :\n1 , "a"\t: 2 }', 'a'],
    ['with a quote and a backslash in it', '{"\\"\\\\":1,"\\"\\\\":2}', '"\\'],
    ['with nothing in it', '{"":1,"":2}', ''],
    ['that is called like the prototype', '{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('%s is found', (_, text, key) => {
    expect(JSON.parse(text)).toBeTypeOf('object');
    expect(repeatedKey(text)).toBe(key);
  });

  it.each([
    ['the same key in different objects', '[{"a":{"a":1}},{"a":[{"a":2}]}]'],
    ['a value like a key', '{"a":"b","b":"a","c":["a","a"]}'],
    ['a text that holds JSON', '{"a":"{\\"b\\":1,\\"b\\":2}","c":"\\\\","d":"}"}'],
  ])('%s is none', (_, text) => {
    expect(JSON.parse(text)).toBeTypeOf('object');
    expect(repeatedKey(text)).toBeUndefined();
  });

  it('is in nothing that JSON.stringify writes, and in every object that is given one more', () => {
    fc.assert(
      fc.property(fc.json(), fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (text, object) => {
        expect(repeatedKey(text)).toBeUndefined();
        const [key = ''] = Object.keys(object);
        const twice = `${JSON.stringify(object).slice(0, -1)},${JSON.stringify(key)}:null}`;
        expect(repeatedKey(`[${text},${twice}]`)).toBe(key);
      }),
    );
  });
});
