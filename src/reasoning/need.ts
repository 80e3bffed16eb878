// Whether a question is worth a chain of thought: a logistic model over signs that a person can read, in four languages, and for calculation
// in many (sums.ts). Its weights are trained by recipes/need/train.mjs. Not for: how long to think (effort.ts).
import weights from "./need-weights.json" with { type: "json" };
import { anyOf, changesOne, holdsSum, numbersIn, operandsIn, plainText, unspaced } from "./sums";

/** Words of what is done to a text, and to little else. */
const ofText =
  "translate|summari*|rewrite|correct|shorter|spelling|traduis|traduisez|résume|résumez|réécris|réécrivez|corrige|corrigez|raccourcis|訳して|要約|書き直|直して|短くして|dịch sang|dịch ra|dịch giúp|dịch câu|dịch đoạn|dịch bài|dịch văn bản|tóm tắt|viết lại|sửa lỗi|rút gọn|übersetz*|fasse|korrigier*|traduce*|traduci*|traduz*|resum*|riassum*|vertaal*|przetłumacz|переве*|翻译|翻譯|总结|改写|번역|요약|terjemahkan|çevir|ترجم|अनुवाद";

/**
 * Words that are signs, apart by "|", in English, French, Japanese and Vietnamese; those of calculation and amount in more languages. A "*" at
 * the end lets a word go on; words in scripts without spaces are found anywhere.
 */
const signs = {
  calculation:
    "plus|minus|divided by|power|square root|percent|interest|remainder|fraction*|solve|add|subtract|multiply|divide|sum|product|average|the mean|mean of|half|double|twice|triple|squared|cubed|total|tip|discount|tax|vat|probability|is left|area|perimeter|volume|split|share|shared|prime|round|rounded|simplify|binary|hexadecimal|percentage|cost|costs|are left|have left|remain*|calc|calculate|compute|equals|equal to|moins|font|divisé*|puissance|racine|reste|intérêt*|résous|probabilité*|aire|surface|périmètre|partage*|répartis*|nombre premier|nombres premiers|est premier|est-il premier|sont premiers|arrondi*|simplifie*|binaire|hexadécimal|pourcentage|coûte|coûtent|ça fait|cela fait|augmentation|hausse|baisse|additionn*|soustra*|multipli*|divise|somme|produit|moyenne|moitié|triple|carré|pour cent|total|remise|tva|calcule*|calculons|égal*|たす|足す|足し|足せ|ひく|引く|引い|引き|かける|かけ|掛|わる|割|乗|平方根|複利|解い|合計|の和|の差|の積|の商|平均|半分|倍|計算|換算|プラス|マイナス|パーセント|残り|確率|面積|体積|周の長さ|分ける|分けて|素数|約数|倍数|四捨五入|約分|二進数|2進数|値上げ|値下げ|割り切|税込|cộng|trừ|nhân|chia|mũ|căn|dư|lãi|phân số|giải|tổng|hiệu|tích|thương|trung bình|nửa|gấp đôi|gấp|tính|quy đổi|phần trăm|bình phương|lập phương|giảm|thuế|còn lại|xác suất|diện tích|chu vi|thể tích|số nguyên tố|làm tròn|nhị phân|chia hết|ước|bội|summe|produkt|differenz|durchschnitt|hälfte|wurzel|geteilt|prozent|berechne*|rechne|suma|resta|producto|diferencia|promedio|mitad|raíz|por ciento|calcula|somma|prodotto|metà|radice|soma|produto|metade|raiz|сумма|сумму|произведение|разность|среднее|половин*|процент*|вычисл*|等于|之和|之差|总共|一共|还剩|百分之|계산|합|平方|%",
  amount:
    "how many|how much|how long|how old|by how much|what time|what day|what date|what year|which year|cheaper|cheapest|combien|de combien|quelle heure|quel jour|quelle date|quelle année|en quelle année|quel âge|quels sont leurs âges|いくつ|いくら|何通り|何日|何回|何匹|何歳|何時|何分|何秒|何曜日|何か月|何年|何人|何個|何枚|何本|何円|何ドル|何度|何倍|何%|何パーセント|何キロ|何センチ|何ミリ|何メートル|何グラム|何マイル|何フィート|何オンス|何ヤード|何エーカー|何平方|何インチ|何ポンド|何トン|何週|何ユーロ|後は|前は|何km|何cm|何m|何kg|何g|何mg|何リットル|どれだけ|bao nhiêu|bao lâu|mấy giờ|có mấy|mấy|thứ mấy|wie viel*|wieviel*|wie lange|wie alt|cuánto|cuánta|cuántos|cuántas|quanto|quanta|quantos|quantas|quanti|quante|hoeveel|сколько|скільки|ile|berapa|kaç|hur mycket|hur många|hvor mange|πόσο|πόσα|كم|فكم|وكم|بكم|چند|কত*|कितना|कितने|多少|几|얼마|몇|เท่าไหร่|เท่าไร|กี่",
  logic:
    "if|prove|show that|therefore|deduce|argument|valid|conflict*|contradict*|counterexample|all|no|cannot|si|démontre|montre que|prouve|déduis|donc|contredisent|contre-exemple|aucun|tout|なら|場合|証明|示して|矛盾|推論|推理|反例|すべて|nếu|chứng minh|suy luận|suy ra|mâu thuẫn|phản ví dụ|lập luận|mọi",
  comparison:
    "compare|larger|largest|bigger|biggest|greater|greatest|smaller|smallest|older|younger|cheaper|than|higher|lower|safer|which of|plus grand|plus petit|plus âgé*|moins cher|laquelle|lesquel*|compare|より|比較|どちら|小さい順|一番大きい|一番小さい|最大|最小|安全|lớn hơn|nhỏ hơn|rẻ hơn|so sánh|hơn|cao hơn",
  planning:
    "plan|design|step by step|steps|each step|weigh|analyse|analyze|assess|estimate|optimise|optimize|work out|find the|reason|decide|planning|conçois|étape|étapes|pèse|analyse|évalue|estime|optimise|détermine|trouve|raisonne|décider|計画|設計|段階|手順|分析|評価|見積|最適化|求めて|考えて|検討|lập kế hoạch|lập lịch|thiết kế|từng bước|phân tích|đánh giá|ước tính|tối ưu|tìm|cân nhắc|quyết định",
  reasons:
    "why|explain why|justify|how would|pourquoi|justifie|explique pourquoi|なぜ|理由|根拠|原因|vì sao|tại sao|nguyên nhân",
  code: "function|bug|code|loop|query|recursion|database|index|deploy|fonction|boucle|requête|récursion|base de données|déploiement|関数|ループ|再帰|クエリ|データベース|デプロイ|hàm|vòng lặp|đệ quy|truy vấn|cơ sở dữ liệu|triển khai|def *|return *",
  time: "days|hours|minutes|weeks|years|weekdays|jours|heures|minutes|semaines|ans|日後|時間|週間|分|年|ngày|giờ|phút|tuần|năm",
  greeting:
    "hello|hi|thank*|bye|good evening|how are you|bonjour|bonsoir|merci|au revoir|salut|こんにちは|こんばんは|ありがとう|さようなら|xin chào|chào|cảm ơn|tạm biệt",
  rewriting: `${ofText}|turn this|put these|change|punctuation|repeat|mets|transforme|répète|ajoute|にして|表に|箇条書き|加えて|dịch|sửa|lặp lại|thêm`,
  writing:
    "write a|write an|draft|suggest|give me|tell me|name|list|describe|say something|choose|add a|continue the|écris|rédige|propose|donne|raconte|nomme|cite|décris|choisis|continue l'histoire|書いて|作って|教えて|挙げて|言って|提案|描写|考案|viết|soạn|gợi ý|cho tôi|kể|nêu tên|miêu tả|đặt tên",
  lookup:
    "what is the|what is a|what is your|what does|who|where|define|which ocean|what colour|what languages|stand for|symbol|capital|quelle est la|quel est le|qu'est-ce qu*|que signifie|qui|où|définis|capitale|symbole|とは|誰|どこ|何ですか|何語|通貨|首都|là gì|ai|ở đâu|nghĩa|thủ đô|định nghĩa",
} satisfies Record<string, string>;

type Sign = keyof typeof signs | "sum" | "followUp" | "numbers" | "operators" | "long" | "short" | "sentences";

const pattern = (words: string) => new RegExp(anyOf(words), "gu");
const patterns = Object.entries(signs).map(([sign, words]) => [sign as Sign, pattern(words)] as const);
const textOrder = new RegExp(anyOf(ofText), "u");
const asking = new RegExp(anyOf(`${signs.calculation}|${signs.amount}`), "u");
const comparing = new RegExp(anyOf(signs.comparison), "u");
/** What is said around a calculation and asks for nothing else. */
const around = pattern(
  `${signs.calculation}|${signs.amount}|what|what's|is|are|does|do|make|makes|equal|equals|of|the|and|then|so|ok|please|me|tell|work out|find|value|result|answer|can|could|you|hey|hi|quick|one|just|say|right|correct|et|ça|cela|c'est|que|quel|quelle|est|font|fait|faire|vaut|valent|donne|alors|puis|le|la|les|résultat|dis|dis-moi|moi|peux-tu|pouvez-vous|dire|juste|vrai|correct|stp|s'il te plaît|s'il vous plaît|は|って|って何|では|じゃあ|なら|それ|と|を|に|の|です|か|ですか|になる|なりますか|教えて|答え|合ってる|合っている|正しい|ね|よ|là|bằng|thì|sao|thế|còn|vậy|nhỉ|ra|kết quả|hãy|cho|biết|bạn|tôi|đúng|không|với|was|ist|sind|ergibt|macht|das|und|cuál|es|son|y|é|e|quale|fa|è|wat|en|это|будет|是|等于|는|은`,
);
/** Words that show that the question has moved on from a calculation. */
const elsewhere = new RegExp(anyOf(`${signs.writing}|${signs.greeting}`), "u");
const spaced = new RegExp(unspaced.source, "gu");

const count = (text: string, expression: RegExp) => text.match(expression)?.length ?? 0;

/** Whether a text says nothing but a calculation. A letter alone is a variable. */
const isBare = (text: string) => !/\p{L}{2}|[\u3040-\u9fff]/u.test(text.replace(around, " "));

/** The most letters of an instruction about a text. */
const LONGEST_ORDER = 200;

/**
 * The part of a plain question that asks, without the text that it is about: what follows the colon or stands in other paragraphs of a question
 * to translate, shorten or correct; and what stands in quotation marks beside other words.
 */
function askingPart(question: string): string {
  let text = question;
  const heads = question.split("\n").map((line) => line.replace(/(?:(?<!\p{Nd}):|:(?!\p{Nd})).*/u, ""));
  const order = heads.find((head) => head.length < LONGEST_ORDER && textOrder.test(head) && !asking.test(head));
  if (order !== undefined) {
    const material = question.replace(order, "").trim();
    if (!isBare(material)) text = order;
  }
  const outside = text.replace(/"[^"]*"|«[^»]*»|“[^”]*”|「[^」]*」/gu, " ");
  return isBare(outside) ? text : outside;
}

/** How many words count as few. */
const FEW_WORDS = 7;

const wordsIn = (text: string) => count(text, /[\p{L}\p{M}\p{N}]+/gu) + count(text, spaced) / 2;

/** What a plain question says of calculating, itself. Numbers that nothing is asked about count less: a text to read has them too. */
function calculating(text: string): { sum: number; numbers: number } {
  const asks = asking.test(text);
  const operands = operandsIn(text);
  const asked = asks || (operands > 1 && comparing.test(text));
  return {
    sum: holdsSum(text, { asks, bare: isBare(text) }) ? 1 : 0,
    numbers: asked ? Math.min(2, operands) / 2 : Math.min(3, operands) / 12,
  };
}

/** Whether a short plain question can continue a calculation. */
const canGoOn = (text: string) =>
  wordsIn(text) <= FEW_WORDS && (numbersIn(text) > 0 || changesOne(text)) && !elsewhere.test(text);

/** Whether a plain question continues a calculation: the newest of `earlier` is one, or continues one itself. */
function goesOn(text: string, earlier: readonly string[]): boolean {
  let newest = text;
  for (let i = earlier.length - 1; i >= 0 && canGoOn(newest); i--) {
    newest = askingPart(plainText(earlier[i]!));
    const { sum, numbers } = calculating(newest);
    if (sum === 1 || numbers === 1) return true;
  }
  return false;
}

/** The signs in a question, each from 0 to 1. `earlier`: the questions before it in the conversation, the oldest first. */
export function signsOf(question: string, earlier: readonly string[] = []): Record<Sign, number> {
  const text = askingPart(plainText(question));
  const words = wordsIn(text);
  const found = Object.fromEntries(patterns.map(([sign, p]) => [sign, Math.min(2, count(text, p)) / 2]));
  const calculation = calculating(text);
  const followUp = goesOn(text, earlier);
  return {
    ...found,
    ...calculation,
    followUp: followUp ? 1 : 0,
    operators: Math.min(2, count(text, /(?<![+*/=<>])[+*/=<>^×÷%](?![+*/=<>])|\p{Nd}\s*-\s*\p{Nd}/gu)) / 2,
    long: Math.min(1, words / 30),
    // Few words with something to calculate are no sign of little to think about.
    short: words < FEW_WORDS && numbersIn(text) === 0 && calculation.sum === 0 && !followUp ? 1 : 0,
    sentences: Math.min(2, Math.max(0, count(text, /[.!?。！？]+(?=\s|$|[^\d\s])/gu) - 1)) / 2,
  } as Record<Sign, number>;
}

/** Whether a value names a sign. */
export const isSign = (value: unknown): value is Sign =>
  typeof value === "string" && Object.hasOwn(weights.weights, value);

export interface Need {
  /** Whether a chain of thought is worth its price. */
  think: boolean;
  /** How sure the model is that it is, from 0 to 1. */
  probability: number;
  /** The signs that spoke most for what was decided, the strongest first. */
  because: Sign[];
}

/** Decides whether a question is worth a chain of thought, and says why. `earlier`: as in `signsOf`. */
export function needOf(question: string, earlier: readonly string[] = []): Need {
  const found = Object.entries(signsOf(question, earlier)) as [Sign, number][];
  const shares = found.map(([sign, value]) => [sign, value * (weights.weights as Record<Sign, number>)[sign]] as const);
  const score = shares.reduce((sum, [, share]) => sum + share, weights.bias);
  const think = score > 0;
  const because = shares
    .filter(([, share]) => (think ? share > 0.1 : share < -0.1))
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
    .slice(0, 2)
    .map(([sign]) => sign);
  return { think, probability: 1 / (1 + Math.exp(-score)), because };
}
