import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readSettings } from '../config/settings.ts';
import { Failure } from '../lib/failure.ts';
import { findApiKey } from './api-key.ts';

const mayNotReadIt = {
  secret: () => Promise.reject(new Failure('cluster', 'secrets is forbidden', { status: 403 })),
};

async function search(env: NodeJS.ProcessEnv) {
  const directory = await mkdtemp(join(tmpdir(), 'pks-key-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const apiKeyFile = join(directory, 'API_KEY');
  await writeFile(apiKeyFile, 'the-key-at-the-default-path\n');
  const settings = readSettings({ ...env, POOLC_API_KEY_FILE: apiKeyFile });
  return { settings, variables: env, gathered: mayNotReadIt, deployed: undefined, fileIsGiven: false };
}

describe('the API key, where the Secret may not be read', () => {
  it('is the one that is mounted, in a pod', async () => {
    const found = await findApiKey(
      await search({ KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }),
    );
    expect(found?.key.reveal()).toBe('the-key-at-the-default-path');
  });

  it('is unknown elsewhere, whatever this machine has at the default path', async () => {
    await expect(findApiKey(await search({}))).rejects.toThrow('secrets is forbidden');
  });
});
