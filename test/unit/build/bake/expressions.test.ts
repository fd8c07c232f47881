// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of another language
import { describe, expect, test } from 'vitest'
import { evaluate, type Names } from '../../../../lib/build/bake/hcl/evaluate.ts'
import { standardFunction } from '../../../../lib/build/bake/hcl/functions.ts'
import { parseHcl } from '../../../../lib/build/bake/hcl/parse.ts'
import { DefinitionError } from '../../../../lib/build/bake/hcl/source.ts'
import { toText } from '../../../../lib/build/bake/hcl/value.ts'

const names: Names = { variable: () => undefined, function: standardFunction }

function textOf(expression: string): string | undefined {
  const body = parseHcl({ name: 'test.hcl', text: `A = ${expression}\n` })
  const attribute = body.attributes.get('A')
  if (!attribute) throw new Error('no attribute')
  return toText(evaluate(attribute.value, names))
}

/** What an expression is as text. All of it but the marked lines is what buildx 0.13 says. */
const VALUES: [expression: string, text: string][] = [
  ['absolute(-3.5)', '3.5'],
  ['add(1,2)', '3'],
  ['and(true,false)', 'false'],
  ['base64encode("hä")', 'aMOk'],
  ['base64decode("aGk=")', 'hi'],
  ['ceil(1.2)', '2'],
  ['chomp("a\\n\\n")', 'a'],
  ['jsonencode(chunklist(["a","b","c"],2))', '[["a","b"],["c"]]'],
  ['cidrhost("10.12.112.0/20", 16)', '10.12.112.16'],
  ['cidrhost("10.0.0.0/8", -2)', '10.255.255.254'],
  ['cidrnetmask("172.16.0.0/12")', '255.240.0.0'],
  ['cidrsubnet("172.16.0.0/12", 4, 2)', '172.18.0.0/16'],
  ['cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)', 'fd00:fd12:3456:7800:a200::/72'],
  [
    'jsonencode(cidrsubnets("10.1.0.0/16", 4, 4, 8, 4))',
    '["10.1.0.0/20","10.1.16.0/20","10.1.32.0/24","10.1.48.0/20"]',
  ],
  ['coalesce(null, "x")', 'x'],
  ['jsonencode(coalescelist([], ["a"]))', '["a"]'],
  ['jsonencode(compact(["a","",  "b"]))', '["a","b"]'],
  ['jsonencode(concat(["a"],["b"]))', '["a","b"]'],
  ['contains(["a"],"a")', 'true'],
  ['jsonencode(csvdecode("a,b\\n1,\\"2,3\\"\\n"))', '[{"a":"1","b":"2,3"}]'],
  ['jsonencode(distinct(["a","b","a"]))', '["a","b"]'],
  ['divide(7,2)', '3.5'],
  ['element(["a","b"],3)', 'b'],
  ['equal(1,1)', 'true'],
  ['jsonencode(flatten([["a"],["b",["c"]]]))', '["a","b","c"]'],
  ['floor(-1.5)', '-2'],
  ['formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")', '02 Jan 2018 23:12 UTC'],
  [
    'formatdate("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "2018-01-02T23:12:01-05:30")',
    'Tuesday, 02-Jan-18 23:12:01 -0530',
  ],
  [
    'formatdate("h:mmaa AA H HH \'o\'\'clock\' Z ZZZZ ZZZZZ", "2018-01-02T23:12:01Z")',
    "23:12pm PM 11 11 o'clock Z +0000 +00:00",
  ],
  [
    'format("%s %d %5.2f %x %X %o %b %e %t %q %v %#v %%", "a", 3, 3.14159, 255, 255, 8, 5, 1234.5, true, "z\\"", {a=1}, "x")',
    'a 3  3.14 ff FF 10 101 1.234500e+03 true "z\\"" {"a":1} "x" %',
  ],
  ['format("%-5s|%5s|%05d|%+d", "a", "b", 42, 7)', 'a    |    b|00042|+7'],
  ['jsonencode(formatlist("%s-%d", ["a","b"], 1))', '["a-1","b-1"]'],
  ['greaterthan(2,1)', 'true'],
  ['greaterthanorequalto(2,2)', 'true'],
  ['hasindex(["a"],1)', 'false'],
  ['indent(2, "a\\nb\\nc")', 'a\n  b\n  c'],
  ['int(3.9)', '3'],
  ['join(",", ["a","b"])', 'a,b'],
  ['jsonencode(jsondecode("{\\"a\\":[1,null,true]}"))', '{"a":[1,null,true]}'],
  ['jsonencode("<&>")', '"\\u003c\\u0026\\u003e"'],
  ['jsonencode(keys({b=1,a=2}))', '["a","b"]'],
  ['length(["a"])', '1'],
  ['lessthan(1,2)', 'true'],
  ['lessthanorequalto(3,2)', 'false'],
  ['log(8,2)', '3'],
  ['lookup({a="x"}, "b", "d")', 'd'],
  ['lower("ABC")', 'abc'],
  ['max(1,5,3)', '5'],
  ['md5("a")', '0cc175b9c0f1b6a831c399e269772661'],
  ['jsonencode(merge({a=1},{b=2}))', '{"a":1,"b":2}'],
  ['min(1,5,3)', '1'],
  ['modulo(7,3)', '1'],
  ['multiply(3,4)', '12'],
  ['negate(3)', '-3'],
  ['not(true)', 'false'],
  ['notequal(1,2)', 'true'],
  ['or(true,false)', 'true'],
  ['parseint("ff",16)', '255'],
  ['pow(2,10)', '1024'],
  ['jsonencode(range(3))', '[0,1,2]'],
  ['jsonencode(range(1,4))', '[1,2,3]'],
  ['jsonencode(range(5,1,-2))', '[5,3]'],
  ['regex("([a-z]+)-(\\\\d+)", "abc-12")[1]', '12'],
  ['regex("[a-z]+", "12abc")', 'abc'],
  ['regex("(?P<w>[a-z]+)", "12abc").w', 'abc'],
  ['jsonencode(regexall("\\\\d", "1a2"))', '["1","2"]'],
  ['regex_replace("foo-bar", "(\\\\w+)-(\\\\w+)", "${"$"}2-$1")', 'bar-foo'],
  ['replace("a.b.c", ".", "-")', 'a-b-c'],
  ['reverse("abc")', 'cba'],
  ['jsonencode(reverselist(["a","b"]))', '["b","a"]'],
  ['sethaselement(["a"],"a")', 'true'],
  ['jsonencode(setintersection(["c","a","b"],["b","c"]))', '["b","c"]'],
  ['jsonencode(setproduct(["a","b"],["x"]))', '[["a","x"],["b","x"]]'],
  ['jsonencode(setsubtract(["a","b"],["b"]))', '["a"]'],
  ['jsonencode(setsymmetricdifference(["a","b"],["b","c"]))', '["a","c"]'],
  ['jsonencode(setunion(["b"],["a"]))', '["a","b"]'],
  ['sha1("a")', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
  ['sha256("a")', 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'],
  [
    'sha512("a")',
    '1f40fc92da241694750979ee6cf582f2d5d7d28e18335de05abc54d0560e0f5302860c652bf08d560252aa5e74210546f369fbbbce8c12cfc7957b2652fe9a75',
  ],
  ['signum(-4)', '-1'],
  ['jsonencode(slice(["a","b","c"],1,2))', '["b"]'],
  ['jsonencode(sort(["b","a"]))', '["a","b"]'],
  ['jsonencode(split(",","a,b"))', '["a","b"]'],
  ['strlen("hä")', '2'],
  ['substr("hello",1,3)', 'ell'],
  ['substr("hello",-3,2)', 'll'],
  ['substr("hello",1,-1)', 'ello'],
  ['subtract(5,3)', '2'],
  ['timeadd("2018-01-02T23:12:01Z", "1h30m")', '2018-01-03T00:42:01Z'],
  ['title("hello world")', 'Hello World'],
  ['trim("xxaxx","x")', 'a'],
  ['trimprefix("helloworld","hello")', 'world'],
  ['trimspace(" a ")', 'a'],
  ['trimsuffix("helloworld","world")', 'hello'],
  ['upper("abc")', 'ABC'],
  ['urlencode("a b&c=ü/!\'()*~")', 'a+b%26c%3D%C3%BC%2F%21%27%28%29%2A~'],
  ['uuidv5("dns","example.com")', 'cfbff0d1-9375-5685-968c-48ce8b15ae17'],
  ['uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8","x")', '05b16a01-46c6-56dd-bd6e-c6dfb4a1427a'],
  ['jsonencode(values({b=1,a=2}))', '[2,1]'],
  ['jsonencode(zipmap(["a","b"],[1,2]))', '{"a":1,"b":2}'],
  ['try(nosuch.x, "fallback")', 'fallback'],
  ['can(nosuch)', 'false'],
  ['convert("3", number) + 1', '4'],
  ['1 == 1.0', 'true'],
  ['"1" == 1', 'false'],
  ['10 / 4', '2.5'],
  ['10 % 4', '2'],
  ['-5 % 3', '-2'],
  ['1 + 2 * 3', '7'],
  ['(1 + 2) * 3', '9'],
  ['!true || false', 'false'],
  ['2 > 1 && 3 >= 3', 'true'],
  ['true ? "a" : "b"', 'a'],
  ['1e3', '1000'],
  ['1.50', '1.5'],
  ['0.1 + 0.2', '0.3'],
  ['jsonencode([for i, v in ["a","b"]: "${i}${v}"])', '["0a","1b"]'],
  ['jsonencode({for k, v in {a="x",b="y"}: v => k})', '{"x":"a","y":"b"}'],
  ['jsonencode({for s in ["a","ab","b"]: substr(s,0,1) => s...})', '{"a":["a","ab"],"b":["b"]}'],
  ['jsonencode([{a=1},{a=2}][*].a)', '[1,2]'],
  ['jsonencode([{a=[1]},{a=[2]}].*.a[0])', '[1]'],
  ['"${"x"}y"', 'xy'],
  ['"a%{if true}b%{else}c%{endif}d"', 'abd'],
  ['"%{for x in ["a","b"]}${x},%{endfor}"', 'a,b,'],
  ['"a${~ "b" ~} c"', 'abc'],
  ['"tab\\tnl\\nq\\"bs\\\\u\\u00e9"', 'tab\tnl\nq"bs\\ué'],
  ['"$${x} %%{y}"', '${x} %{y}'],
  ['{a={b="c"}}.a.b', 'c'],
  ['["x","y"][1]', 'y'],
  ['jsonencode({"a.b"=1, (upper("c"))=2, d: 3})', '{"C":2,"a.b":1,"d":3}'],
  // Not in buildx 0.13.
  ['sanitize("a/b c.d")', 'a_b_c_d'],
  ['byteslen("hä")', '3'],
  ['basename("a/b/")', 'b'],
  ['dirname("a/b")', 'a'],
  ['unixtimestampparse(1514934721).rfc3339', '2018-01-02T23:12:01Z'],
]

describe('expressions', () => {
  test.each(VALUES)('%s', (expression, text) => {
    expect(textOf(expression)).toBe(text)
  })
})

const FAULTS: [expression: string, sentence: string][] = [
  ['nosuch', 'Unknown variable; There is no variable named "nosuch".'],
  ['nosuch()', 'Call to unknown function; There is no function named "nosuch".'],
  [
    'upper()',
    'Not enough function arguments; Function "upper" expects 1 argument(s). Missing value for "str".',
  ],
  ['upper("a", "b")', 'Too many function arguments; Function "upper" expects only 1 argument(s).'],
  [
    'upper(null)',
    'Invalid function argument; Invalid value for "str" parameter: argument must not be null.',
  ],
  ['"a" + 1', 'Invalid operand; Unsuitable value for left operand: a number is required.'],
  ['1 / 0', 'Division by zero; Cannot divide by zero.'],
  [
    '["a"][3]',
    'Invalid index; The given key does not identify an element in this collection value.',
  ],
  ['{a=1}.b', 'Unsupported attribute; This object does not have an attribute named "b".'],
  ['"x".y', "Unsupported attribute; Can't access attributes on a primitive-typed value (string)."],
  [
    '"${null}x"',
    'Invalid template interpolation value; The expression result is null. Cannot include a null value in a string template.',
  ],
  [
    "'x'",
    'Invalid character; Single quotes are not valid. Use double quotes (") to enclose strings.',
  ],
  ['"\\q"', 'Invalid escape sequence; The symbol "q" is not a valid escape sequence selector.'],
  [
    '[for x in "abc" : x]',
    "Iteration over non-iterable value; A value of type string cannot be used as the collection in a 'for' expression.",
  ],
  [
    'range(0, 100000)',
    'Error in function call; Call to function "range" failed: more than 1024 values were generated; either decrease the difference between start and end or use a smaller step.',
  ],
  [`${'('.repeat(5000)}1`, 'Invalid expression; Expressions are nested too deeply.'],
]

describe('what expressions have wrong', () => {
  test.each(FAULTS)('%s', (expression, sentence) => {
    expect(() => textOf(expression)).toThrow(DefinitionError)
    expect(() => textOf(expression)).toThrow(sentence)
  })
})
