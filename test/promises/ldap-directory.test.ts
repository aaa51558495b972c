import { testDirectory } from './directory-tests.ts';

testDirectory('ldap');
