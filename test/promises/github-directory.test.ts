import { testDirectory } from './directory-tests.ts';

testDirectory('github');
