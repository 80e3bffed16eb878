// Whether a text holds a calculation, and how many numbers: in any digits, in signs, and in the words of many languages. Not for: working
// it out, or deciding whether to think (need.ts).

/** Scripts without spaces between words: Thai, Japanese, Chinese. */
export const unspaced = /[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]/u;
/** Those, and Korean, whose words grow at their ends. */
const joined = "\\u0e00-\\u0e7f\\u3040-\\u30ff\\u3400-\\u9fff\\uac00-\\ud7af";
const isJoined = new RegExp(`[${joined}]`, "u");

/** A letter of another script: two of them side by side are in one word. */
const letter = `[^\\P{L}${joined}]`;

/** Words apart by "|" as the source of an expression. A "*" at the end lets a word go on; in scripts without spaces they are found anywhere. */
export function anyOf(words: string): string {
  const kinds: Record<"whole" | "open" | "anywhere", string[]> = { whole: [], open: [], anywhere: [] };
  for (const word of words.split("|")) {
    const text = word.replace(/\*$/, "").replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    kinds[isJoined.test(word) ? "anywhere" : word.endsWith("*") ? "open" : "whole"].push(text);
  }
  // Each class of letters once: they are what costs time to compile.
  const { whole, open, anywhere } = kinds;
  const ends = [
    ...(whole.length > 0 ? [`(?:${whole.join("|")})(?!${letter})`] : []),
    ...(open.length > 0 ? [`(?:${open.join("|")})\\p{L}*`] : []),
  ];
  return `(?:${[...(ends.length > 0 ? [`(?<!${letter})(?:${ends.join("|")})`] : []), ...anywhere].join("|")})`;
}

/** Number words that count as numbers wherever they stand. */
const plainNumbers =
  "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty*|thirty*|forty*|fifty*|sixty*|seventy*|eighty*|ninety*|hundred|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|deux|trois|quatre|cinq|sept|huit|neuf|dix*|onze|douze|treize|quatorze|quinze|seize|vingt*|trente*|quarante*|cinquante*|soixante*|cent|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|mươi|trăm";
/** Number words that are other words too, or another language's: beside an operator alone. */
const looseNumbers =
  "one|thousand|million|un|une|mille|một|nghìn|lăm|mốt|ein|eins|zwei*|drei*|vier*|fünf*|sech*|sieb*|acht*|neun*|zehn|elf|zwölf*|einund*|zwanzig|hundert*|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|dieci*|veint*|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien*|due|tre|quattro|cinque|sei|sette|otto|nove|undici|dodici|vent*|trent*|quarant*|cinquant*|cento|um|dois|três|quatro|sete|oito|dez|doze|dezes*|vinte|trinta|twee*|drie*|vijf*|zes*|zeven*|negen*|tien|twaalf|twintig|honderd|один*|два|две|три*|четыр*|пят*|шест*|сем*|восем*|девят*|девян*|десят*|двадцат*|сорок|сто";
const kanji = "[〇零一二三四五六七八九十百千万億]";
const hangul = "[일이삼사오육칠팔구십백천만]";
const number = `(?:\\p{Nd}|${kanji}|${hangul}|${anyOf(plainNumbers)}|${anyOf(looseNumbers)})`;

/** Operators as they are said between two numbers. */
const operatorWords = anyOf(
  "plus|minus|times|divided by|multiplied by|to the power of|modulo|mod|moins|fois|multiplié par|divisé par|puissance|cộng|cộng với|cộng thêm|trừ|trừ đi|trừ cho|nhân|nhân với|nhân cho|chia|chia cho|mũ|mal|geteilt durch|durch|hoch|más|menos|por|multiplicado por|dividido por|dividido entre|entre|elevado a|mais|vezes|più|meno|per|diviso|diviso per|keer|maal|min|gedeeld door|плюс|минус|умножить на|умноженное на|разделить на|делить на|помножити на|поділити на|в степени|dodać|odjąć|razy|podzielić na|podzielić przez|artı|eksi|çarpı|bölü|tambah|ditambah|kurang|dikurangi|kali|dikali|bagi|dibagi|gånger|delat med|زائد|ناقص|ضرب|في|على|تقسيم|به اضافه|منهای|ضربدر|जोड़|प्लस|घटा|गुणा|भाग|συν|πλην|επί|פלוס|ועוד|פחות|כפול|חלקי|더하기|빼기|곱하기|나누기|たす|足す|プラス|ひく|引く|マイナス|かける|掛ける|わる|割る|加上|加|减去|减|減|乘以|乘|除以|บวก|ลบ|คูณ|หาร",
);
/** What is done to one number. */
const ofOne = anyOf(
  "sqrt|half|double|twice|triple|square root|cube root|root|square|cube|factorial|moitié|racine carrée|racine cubique|racine|carré|factorielle|một nửa|nửa|gấp đôi|gấp ba|căn bậc hai|căn bậc ba|căn|hälfte|doppelte|quadratwurzel|wurzel|mitad|doble|raíz cuadrada|raíz|metà|doppio|radice quadrata|radice|metade|dobro|raiz quadrada|raiz|helft|wortel|половина|половину|корень|квадратный корень",
);
const afterOne = anyOf(
  "squared|cubed|au carré|au cube|bình phương|lập phương|giai thừa|im quadrat|al cuadrado|al cubo|al quadrato|ao quadrado|в квадрате|в кубе|半分|二乗|三乗|自乗|平方根|立方根|階乗|乗|倍|一半|平方|立方|절반|제곱근|제곱",
);
const differenceOf = anyOf(
  "difference between|difference of|différence entre|différence de|diferencia entre|diferença entre|differenza tra|differenz zwischen|differenz von",
);
const partOf = anyOf(
  "third|thirds|quarter|quarters|fifth|tenth|tiers|quart|quarts|cinquième|dixième|drittel|viertel|tercio|cuarto|terzo|quarto|phần hai|phần ba|phần tư|phần năm|phần mười",
);
const percent = `(?:%|${anyOf("percent|per cent|pour cent|phần trăm|prozent|por ciento|por cento|per cento|procent|процент*|パーセント|퍼센트")})`;
const of = anyOf("of|off|de|des|du|d'|von|vom|aus|del|di|do|da|của|van|от|из|sur|on");

/** What stands between a number and its operator. */
const closing = "[)\\]}%°€$£¥\"']{0,2}";
const opening = "[(\\[{€$£¥√+\\-−]{0,3}";
const gap = "\\s{0,2}";

const written = [
  // 17 + 25, 3x + 7 = 31, 5 km + 300 m
  `(?:\\p{Nd}|${kanji})${closing}${gap}(?:\\p{L}{1,8}\\s?)?[+×✕✖*÷−∙·⋅=≠<>≤≥]{1,2}${gap}${opening}(?:\\p{Nd}|${kanji}|[a-z](?!\\p{L}))`,
  `[\\p{Nd})]\\s?\\^\\s?[({]?-?[\\p{Nd}a-z]`,
  `[√∛∫∑∏]|\\\\(?:times|cdot|div|d?frac|sqrt|sum|prod|int)(?![a-z])`,
  `(?<!\\p{L})(?:sqrt|log|ln|sin|cos|tan)\\s?\\(?\\s?\\p{Nd}`,
  // 17 plus 25, 十七たす二十五
  `${number}${closing}${gap}${operatorWords}${gap}${opening}${number}`,
  // half of 90, 12 squared, 90の半分, a third of 90
  `${ofOne}${gap}${of}?${gap}(?:the )?${number}`,
  `(?:\\p{Nd}|${anyOf(plainNumbers)}|${kanji})\\s?(?:の|的|의)?\\s?(?:\\p{Nd}{1,4}|${kanji}{1,4})?${afterOne}`,
  `${partOf}${gap}${of}${gap}(?!(?:19|20)\\p{Nd}\\p{Nd})${number}`,
  `${differenceOf} ${opening}${number}`,
  // 15 % of 240, 240の15%
  `${number}\\s?${percent}${gap}${of}${gap}(?:the |los |las |les )?${opening}${number}`,
  `${number}\\p{L}{0,3}\\s?(?:の|的|의)\\s?(?:百分之${number}|(?:\\p{Nd}[\\p{Nd}.,]{0,8}|${kanji}{1,4})\\s?(?:%|パーセント|割|퍼센트|分の))`,
].map((source) => new RegExp(source, "u"));

/** Between two numbers it can be a calculation, a range, a score or a fraction. */
const ambiguous = /[\p{Nd})]\s{0,2}(?:[-–—/x]|\s:\s)\s{0,2}[(√]?\p{Nd}|\p{Nd}!/u;

const spans = anyOf(
  "second|seconds|minute*|min|hour|hours|h|day|days|week|weeks|month|months|year|years|seconde*|heure*|jour|jours|journée|journées|semaine*|mois|an|ans|giây|phút|giờ|tiếng|ngày|tuần|tháng|năm|sekunde*|stunde*|tag|tage|tagen|woche*|monat*|jahr*|segundo*|minuto*|hora|horas|día|días|dia|dias|semana*|mes|meses|año|años|ano|anos|giorno|giorni|ora|ore|settiman*|秒|分|時間|日|週間|か月|年|天|小时|分钟|일|시간|분|주",
);
const before = anyOf("in|dans|il y a|vor|hace|en|tra|fa");
const after = anyOf(
  "after|before|from|later|ago|earlier|après|avant|plus tard|plus tôt|sau|trước|nữa|nach|vor|später|früher|después|antes|depois|dopo|prima|fa|後|前|后|之后|之前|뒤|후|전",
);
/** 45 days after Tuesday */
const distance = new RegExp(
  `${number}\\s?${spans}${gap}${after}|${before} (?:\\p{Nd}{1,6}|${anyOf(plainNumbers)})\\s?${spans}`,
  "u",
);

const into = "(?:(?<!\\p{L})(?:in|into|to|en|à|ra|sang|thành|nach|zu|a|em|w|в|ke|many|much)\\s{1,2}|[=→は を의]|->)";
/** Short names of units are other words too, but for behind a number or what asks for a unit. */
const unit = `(?:[€$£¥]|(?<=\\p{Nd}\\s?|${into})(?:°[cf]|${anyOf("m|in|mi|ft|g|t|l|h|s|min|mph|t")})|${anyOf(
  "km|cm|mm|yd|kg|mg|lb|lbs|oz|cl|dl|ml|km/h|kmh|kb|mb|gb|tb|usd|eur|gbp|jpy|vnd|mile|miles|metre*|meter*|kilomet*|centimet*|millimet*|foot|feet|inch|inches|yard|yards|gram*|kilo|kilos|kilogram*|pound|pounds|ounce*|tonne*|litre*|liter*|gallon*|celsius|fahrenheit|kelvin|euro|euros|dollar*|yen|bytes|bits|mètre*|kilomètre*|centimètre*|pied|pieds|pouce|pouces|livre|livres|once|onces|dặm|gam|lạng|mét|tấn|tạ|yến|cân|lít|độ c|độ f|đồng|đô la|metro|metros|kilómetr*|quilômetr*|milla*|километр*|метр*|キロメートル|センチ|ミリ|メートル|キロ|グラム|トン|フィート|インチ|マイル|ポンド|オンス|リットル|摂氏|華氏|円|ドル|ユーロ|公里|英里|公斤|米",
)}|${spans})`;
const units = new RegExp(unit, "gu");
/** How much of a unit: 5, five, a. */
const measure = new RegExp(`${number}|(?<!\\p{L})(?:in an?|dans une?|trong|in einem|in einer|en una?) `, "u");
/** What asks for another unit at the end. */
const intoUnit = new RegExp(`${into}\\s?${unit}[\\s?.に]{0,4}$`, "u");

/** Numbers, with times, fractions, ranges and scores as one. A single Chinese digit only before what can follow a number. */
const figures = new RegExp(
  `\\p{Nd}+(?:[.,:'/–-]\\p{Nd}+| \\p{Nd}{3}(?!\\p{Nd}))*|${kanji}{2,}|(?<!\\p{Script=Han})${kanji}(?=に|を|と|から|で|は|の|か[けら]|たす|足|ひく|引|掛|わる|割|加|减|減|乘|除)|(?!năm \\p{Nd}{4})${anyOf(plainNumbers)}`,
  "gu",
);

const dates =
  /(?<!\p{Nd})(?:\p{Nd}{4}([-/.])\p{Nd}{1,2}\1\p{Nd}{1,2}|\p{Nd}{1,2}([-/.])\p{Nd}{1,2}\2(?:\p{Nd}{4}|\p{Nd}{2}))(?!\p{Nd})/gu;
const notNumbers = [
  // Always open.
  /(?<!\p{Nd})24\s?h?\s?\/\s?(?:24|7)(?!\p{Nd})|(?<!\p{Nd})7\s?[jd]?\s?\/\s?7(?!\p{Nd})|24時間365日/gu,
  // +44 20 7946 0958, 06 12 34 56 78, 03-1234-5678, 555-0192
  /(?<![\p{Nd})]\s?)\+\p{Nd}{1,3}[ .-]?\(?\p{Nd}{1,4}\)?(?:[ .-]?\p{Nd}{2,4}){2,4}(?!\p{Nd})/gu,
  /(?<![\p{Nd}.,])0\p{Nd}{1,4}(?:[ .-]\p{Nd}{2,4}){2,5}(?!\p{Nd})/gu,
  /(?<![\p{Nd}-])\p{Nd}{3}-\p{Nd}{4}(?![\p{Nd}-])/gu,
  // 1.2.3, 192.168.0.1, but not 1.250.500
  /(?<![\p{Nd}.,])(?!\p{Nd}{1,3}(?:\.\p{Nd}{3})+(?!\.?\p{Nd}))\p{Nd}+(?:\.\p{Nd}+){2,}/gu,
  // GPT-4, COVID-19
  /(?<![\p{L}\p{N}])\p{Script=Latin}{2,12}-\p{Nd}+/gu,
];

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/**
 * A text as calculations are looked for in it: lower case, one form of each letter and digit, "²" as "^2"; a date is one number, and what only
 * looks like numbers (telephones, versions, names) is gone.
 */
export function plainText(text: string): string {
  const even = text
    .replace(/[⁰¹²³⁴-⁹]{1,9}/g, (power) => "^" + [...power].map((digit) => superscripts.indexOf(digit)).join(""))
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[’ʼ]/g, "'")
    .replaceAll("⁄", "/")
    .replace(dates, "1");
  return notNumbers.reduce((rest, expression) => rest.replace(expression, " "), even);
}

const countOf = (text: string, expression: RegExp) => text.match(expression)?.length ?? 0;

/** How many numbers a plain text has. */
export const numbersIn = (text: string): number => countOf(text, figures);

const age = new RegExp(
  anyOf(
    "how old|what age|quel âge|何歳|bao nhiêu tuổi|mấy tuổi|wie alt|cuántos años|quantos anos|quanti anni|сколько лет|几岁|多大|몇 살",
  ),
  "u",
);

/** How many numbers it has to calculate with: a time of day alone is none, nor a year but for an age. */
export const operandsIn = (text: string): number => {
  const found = text.match(figures) ?? [];
  const alone = found.length === 1 ? found[0] : "";
  const isTime = /^\p{Nd}{1,2}:\p{Nd}{2}$/u.test(alone);
  const isYear = /^(?:1[5-9]|20)\p{Nd}{2}$/u.test(alone);
  return isTime || (isYear && !age.test(text)) ? 0 : found.length;
};

/**
 * Whether a plain text holds a calculation. `asks`: it has words of calculation or amount; `bare`: it says nothing else; so that "50-8" is
 * one, and "10-20 people" is none.
 */
export function holdsSum(text: string, { asks, bare }: { asks: boolean; bare: boolean }): boolean {
  if (written.some((expression) => expression.test(text))) return true;
  if ((asks || bare) && ambiguous.test(text)) return true;
  if (asks && distance.test(text)) return true;
  // 5 km in miles, how many cm are 5 inches
  return measure.test(text) && new Set(text.match(units)).size > 1 && (asks || intoUnit.test(text));
}

const one = new RegExp(`${ofOne}|${afterOne}|${percent}`, "u");

/** Whether a plain text names something that is done to one number: half of it, its square, a percentage. */
export const changesOne = (text: string): boolean => one.test(text);
