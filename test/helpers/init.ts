/**
 * `--init` for images without libraries. The program with sanitizers cannot be linked statically: in place of being
 * left out of the run, it borrows those of the host.
 */
export const INIT: readonly string[] = process.env.LIGHTER_TEST_SANITIZE
  ? ['--init', '-v', '/lib:/lib:ro', '-v', '/lib64:/lib64:ro']
  : ['--init']
