// The strings of the reference data: chosen ones for known edges, and random ones from a fixed seed for the unknown edges.

export const sentences = [
  'Hello world',
  'I have a dog named Rex.',
  'My dog is called Rex.',
  'The stock market fell sharply on Tuesday.',
  'What is the name of the dog that Maria got for her birthday?',
  'Caroline: I went to a support group yesterday and it was so powerful.',
  'a',
  '?',
  '  spaces   everywhere  ',
  'lower case only without any punctuation at all',
  'UPPER CASE ONLY, WITH PUNCTUATION!',
  '1,234.56 USD on 2026-11-21 at 08:15',
  'e-mail: someone@example.org, see https://example.org/path?x=1&y=2',
  'She has not been to Paris since 2019, but plans to go there next spring.',
  'He prefers tea over coffee; his sister does not.',
  'The quick brown fox jumps over the lazy dog. '.repeat(3).trim(),
  'function add(a, b) { return a + b; }',
  'It is what it is, and that is all there is to say about it, she said, before she left the room for good.',
  'Two cats, three dogs and a parrot live with Dr. Smith in Berlin.',
  'We met in June 2023 at the conference in New York and have been friends ever since that day.',
];

export const edges = [
  '', ' ', '  ', '\t', '\n', 'a\tb\nc\rd', '\u00a0', 'a\u00a0b', '\u200b', 'a\u200bb', '\ufeff', '\u0000', 'a\u0000b', '\u2581', 'a\u2581b', '\u2581\u2581',
  '🐶', '🐶🐶', 'dog 🐶 cat 🐱', '👨‍👩‍👧‍👦 family', '🇩🇪 flag', '👍🏽', '❤️', 'a🐶', '🐶a',
  '中文', '日本語のテキスト', '한국어 텍스트', '我叫李明，住在北京。', 'mixed 中文 and English', 'ｆｕｌｌｗｉｄｔｈ　ｔｅｘｔ', 'ﾊﾝｶｸ', '㌔', '①②③', 'Ⅷ', '㎏',
  'café', 'cafe\u0301', 'Ünïcödé', 'U\u0308ni\u0308co\u0308de\u0301', 'n\u0303', 'ñ', 'Å', 'A\u030a', 'ﬁne ﬂow ﬃ', 'ſtraße', 'İstanbul', 'ǅ', 'a\u0301\u0323', '\u0301', 'x\u0300\u0301\u0302\u0303',
  'Привет мир', 'Γειά σου Κόσμε', 'مرحبا بالعالم', 'שלום עולם', 'नमस्ते दुनिया', 'สวัสดีชาวโลก', 'ሰላም ልዑል',
  '\ud800', '\udc00', 'a\ud800b', 'a\udc00b', '\udc00\ud800', 'end\ud83d', '\ud83d\ude00\ud83d', '\ufffd', '\uffff', '\ue000',
  '----------------', '-'.repeat(17), '-'.repeat(40), '................', '.'.repeat(33), '!!!!!', '???', '…', '“quoted”', '‘single’', 'en–dash em—dash', '½ ¼', '10³', 'H₂O', '™ ® ©', '→ ←', '±5', '€100', '£5', '¥7',
  "don't", "I'm", "they're", "O'Neill", 'rock-and-roll', 'C++', 'C#', '.NET', 'a.b.c', 'x=y', 'A&B', '50%', '#tag', '@name', '$HOME', '~/path', 'C:\\path\\file', '{"json": true}', '<b>html</b>', '`code`', '^_^', '[CLS] text [SEP]', '<s>', '</s>', '<unk>', 'extra_token_id_1',
  'supercalifragilisticexpialidocious', 'pneumonoultramicroscopicsilicovolcanoconiosis', 'antidisestablishmentarianism', 'x'.repeat(50), 'ab'.repeat(40), '0123456789'.repeat(5), 'the '.repeat(20), 'aaaa bbbb cccc', 'ThE qUiCk BrOwN', 'iPhone', 'e.g. i.e. etc.', 'U.S.A.', 'Mr. and Mrs. Smith', '3.14159', '1e-9', '0x1F', '192.168.0.1', '2026-11-21T08:15:00Z', '+49 30 123456',
  // A piece that stands in the vocabulary three times.
  '”5', 'it was “5”5', 'a ”5 b',
  'multiple\n\nlines\r\nof text', ' leading', 'trailing ', 'double  space', 'triple   space', 'tab\tseparated',
  'long '.repeat(200).trim(),
];

const pools = [
  'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '0123456789', ' ', ' ', ' ', '.,;:!?\'"()-_/\\@#$%^&*+=<>[]{}|~`',
  'àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšž', '\u0300\u0301\u0308\u0327\u0323', 'αβγδεζ', 'абвгдежз', '中文字日本語', 'あいうえおアイウ', '한국어', '🐶🐱🎉👍', 'ﬁﬂ①ⅧＡｂ１　', '\u200b\u200d\u00a0\u00ad\t\n', '\ud800\udc00',
];
const words = 'the of and to in I you that it is was for on are with his they be at one have this from by hot word but what some we can out other were all there when up use your how said an each she which do their time if will way about many then them write would like so these her long make thing see him two has look more day could go come did number sound no most people my over know water than call first who may down side been now find any new work part take get place made live where after back little only round man year came show every good me give our under name very through just form sentence great think say help low line differ turn cause much mean before move right boy old too same tell does set three want air well also play small end put home read hand port large spell add even land here must big high such follow act why ask men change went light kind off need house picture try us again animal point mother world near build self earth father Berlin Maria Melanie Caroline birthday university programming database PostgreSQL embedding retrieval'.split(' ');

/** A small deterministic generator (mulberry32), so that the same strings come out everywhere. */
function random(seed) {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  };
}

export function randomTexts(count, seed) {
  const next = random(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = 1 + next(index % 3 === 0 ? 12 : 24);
    if (index % 3 === 0) return Array.from({ length }, () => words[next(words.length)]).join(' ');
    // One to three alphabets per text; unit by unit, so that pairs are torn too.
    const chosen = Array.from({ length: 1 + next(3) }, () => pools[next(pools.length)]);
    return Array.from({ length }, () => {
      const pool = chosen[next(chosen.length)];
      return pool[next(pool.length)];
    }).join('');
  });
}
