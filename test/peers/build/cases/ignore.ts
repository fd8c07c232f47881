import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

const ALL = file`
  FROM scratch
  COPY . /
`
const TREE = sh`mkdir -p d/e/f g .git node_modules/m; for f in a.txt b.txt c.md d/a.txt d/e/a.txt d/e/f/deep.txt d/x g/y .git/config .env node_modules/m/i "with blank"; do echo $f >"$f"; done`

const ignoring = (name: string, ...patterns: string[]) => ({
  name,
  dockerfile: ALL,
  files: `${TREE}
  cat >.dockerignore <<'PATTERNS'
${patterns.join('\n')}
PATTERNS`,
})

export default buildTopic('ignore', [
  ignoring('nothing', ''),
  ignoring('names', 'a.txt', 'd/x', 'nosuch'),
  ignoring('directories', 'd', 'node_modules/', '/g'),
  ignoring('one star', '*.txt'),
  ignoring('a star in a directory', '*/a.txt', '*/*/*.txt'),
  ignoring('two stars', '**/a.txt'),
  ignoring('two stars in the middle', 'd/**/deep.txt', '**/m'),
  ignoring('two stars at the end', 'd/**'),
  ignoring('question marks and classes', '?.txt', '[c-d].*', 'd/[^x]*'),
  ignoring('exceptions', '*', '!a.txt', '!d'),
  ignoring('exceptions below what is excluded', 'd', '!d/e/a.txt', '!nosuch'),
  ignoring('exceptions in their order', '*.txt', '!b.txt', 'b*', '!d/a.txt', 'd/e'),
  ignoring('exceptions with two stars', '**', '!**/*.txt'),
  ignoring(
    'comments, blanks and blank lines',
    '# comment',
    '',
    '  a.txt  ',
    '#b.txt',
    'with blank',
  ),
  ignoring('dots and slashes', './a.txt', 'd/../b.txt', '/d//x', '//g', '../c.md'),
  ignoring('a point alone', '.'),
  ignoring('an exclamation mark with a blank', '*.txt', '! a.txt'),
  ignoring('hidden files', '.*', '!.env'),
  ignoring('Dockerfile and .dockerignore', 'Dockerfile', '.dockerignore'),
  ignoring('a backslash', '\\a.txt', 'd\\/x'),
  ignoring('braces are no pattern', '{a,b}.txt', 'a.{txt}'),
  ignoring('capitals', 'A.TXT', 'D'),
  {
    ...ignoring('a pattern that is wrong', '[a', 'b.txt'),
  },
  {
    ...ignoring('an exclamation mark alone', '*.txt', '!'),
  },
  {
    name: 'carriage returns and a mark of the byte order',
    dockerfile: ALL,
    files: `${TREE}
    printf '\\357\\273\\277a.txt\\r\\nb.txt\\r\\n' >.dockerignore`,
  },
  {
    name: 'of one Dockerfile',
    dockerfile: ALL,
    files: `${TREE}
    echo 'a.txt' >.dockerignore; cp Dockerfile other; echo 'b.txt' >other.dockerignore`,
    flags: '-f context/other',
  },
  {
    name: 'of one Dockerfile in another directory',
    dockerfile: ALL,
    files: `${TREE}
    echo 'a.txt' >.dockerignore`,
    before: sh`mkdir files; cp context/Dockerfile files/my.file; echo b.txt >files/my.file.dockerignore`,
    flags: '-f files/my.file',
  },
  {
    name: 'what is excluded cannot be copied',
    dockerfile: file`
      FROM scratch
      COPY a.txt /
    `,
    files: `${TREE}; echo a.txt >.dockerignore`,
  },
  {
    name: 'what is excluded is no match',
    dockerfile: file`
      FROM scratch
      COPY *.txt /
    `,
    files: `${TREE}; echo a.txt >.dockerignore`,
  },
  {
    name: 'all that match are excluded',
    dockerfile: file`
      FROM scratch
      COPY *.md /
    `,
    files: `${TREE}; echo '**/*.md' >.dockerignore`,
  },
  {
    name: 'links and empty directories',
    dockerfile: ALL,
    files: sh`mkdir -p d/e empty; echo f >d/f; ln -s d l; ln -s nosuch x; printf 'd/*\nx\n' >.dockerignore`,
  },
])
