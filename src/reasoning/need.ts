// Whether a question is worth a chain of thought: a logistic model over signs that a person can read, in four languages. Its weights are
// trained by recipes/need/train.mjs. Not for: how long to think (effort.ts).
import weights from "./need-weights.json" with { type: "json" };

/**
 * Words that are signs, apart by "|", in English, French, Japanese and Vietnamese. A "*" at the end lets a word go on; words in scripts
 * without spaces are found anywhere.
 */
const signs = {
  calculation:
    "plus|minus|times|divided by|power|square root|percent|interest|remainder|fraction*|solve|moins|fois|divisé*|puissance|racine|reste|intérêt*|résous|たす|ひく|かける|割|乗|平方根|複利|解い|cộng|trừ|nhân|chia|mũ|căn|dư|lãi|phân số|giải",
  amount:
    "how many|how much|how long|how old|by how much|cheaper|cheapest|combien|de combien|quel âge|quels sont leurs âges|いくつ|いくら|何通り|何日|何回|何匹|何歳|何時間|何mg|何リットル|どれだけ|bao nhiêu|bao lâu|mấy giờ|có mấy",
  logic:
    "if|prove|show that|therefore|deduce|argument|valid|conflict*|contradict*|counterexample|all|no|cannot|si|démontre|montre que|prouve|déduis|donc|contredisent|contre-exemple|aucun|tout|なら|場合|証明|示して|矛盾|推論|推理|反例|すべて|nếu|chứng minh|suy luận|suy ra|mâu thuẫn|phản ví dụ|lập luận|mọi",
  comparison:
    "compare|larger|largest|smaller|smallest|older|younger|cheaper|than|higher|lower|safer|which of|plus grand|plus petit|plus âgé*|moins cher|laquelle|lesquel*|compare|より|比較|どちら|小さい順|安全|lớn hơn|nhỏ hơn|rẻ hơn|so sánh|hơn|cao hơn",
  planning:
    "plan|design|step by step|steps|each step|weigh|analyse|analyze|assess|estimate|optimise|optimize|work out|find the|reason|decide|planning|conçois|étape|étapes|pèse|analyse|évalue|estime|optimise|détermine|trouve|raisonne|décider|計画|設計|段階|手順|分析|評価|見積|最適化|求めて|考えて|検討|lập kế hoạch|lập lịch|thiết kế|từng bước|phân tích|đánh giá|ước tính|tối ưu|tìm|cân nhắc|quyết định",
  reasons:
    "why|explain why|justify|how would|pourquoi|justifie|explique pourquoi|なぜ|理由|根拠|原因|vì sao|tại sao|nguyên nhân",
  code: "function|bug|code|loop|query|recursion|database|index|deploy|fonction|boucle|requête|récursion|base de données|déploiement|関数|ループ|再帰|クエリ|データベース|デプロイ|hàm|vòng lặp|đệ quy|truy vấn|cơ sở dữ liệu|triển khai|def *|return *",
  time: "days|hours|minutes|weeks|years|weekdays|jours|heures|minutes|semaines|ans|日後|時間|週間|分|年|ngày|giờ|phút|tuần|năm",
  greeting:
    "hello|hi|thank*|bye|good evening|how are you|bonjour|bonsoir|merci|au revoir|salut|こんにちは|こんばんは|ありがとう|さようなら|xin chào|chào|cảm ơn|tạm biệt",
  rewriting:
    "translate|summari*|rewrite|correct|shorter|spelling|convert|turn this|put these|change|punctuation|repeat|traduis|résume|réécris|corrige|raccourcis|mets|transforme|répète|ajoute|訳して|要約|書き直|直して|短くして|にして|表に|箇条書き|加えて|dịch|tóm tắt|viết lại|sửa|rút gọn|chuyển|đổi|lặp lại|thêm",
  writing:
    "write a|write an|draft|suggest|give me|tell me|name|list|describe|say something|choose|add a|continue the|écris|rédige|propose|donne|raconte|nomme|cite|décris|choisis|continue l'histoire|書いて|作って|教えて|挙げて|言って|提案|描写|考案|viết|soạn|gợi ý|cho tôi|kể|nêu tên|miêu tả|đặt tên",
  lookup:
    "what is the|what is a|what is your|what does|who|where|define|which ocean|what colour|what languages|stand for|symbol|capital|quelle est la|quel est le|qu'est-ce qu*|que signifie|qui|où|définis|capitale|symbole|とは|誰|どこ|何ですか|何語|通貨|首都|là gì|ai|ở đâu|nghĩa|thủ đô|định nghĩa",
} satisfies Record<string, string>;

type Sign = keyof typeof signs | "numbers" | "operators" | "long" | "short" | "sentences";

/** Scripts without spaces. */
const unspaced = /[\u3040-\u30ff\u3400-\u9fff]/;

function pattern(words: string): RegExp {
  const parts = words.split("|").map((word) => {
    const open = word.endsWith("*");
    const text = (open ? word.slice(0, -1) : word).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return unspaced.test(word) ? text : `(?<!\\p{L})${text}${open ? "" : "(?!\\p{L})"}`;
  });
  return new RegExp(parts.join("|"), "giu");
}

const patterns = Object.entries(signs).map(([sign, words]) => [sign as Sign, pattern(words)] as const);
const numberWords = pattern(
  "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty*|thirty*|forty*|fifty*|sixty*|seventy*|eighty*|ninety*|hundred|thirteen|seventeen|nineteen|deux|trois|quatre|cinq|sept|huit|neuf|dix*|onze|douze|vingt*|trente*|quarante*|cinquante*|soixante*|cent|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|mươi|trăm",
);
const digits = /\d+(?:[.,:]\d+)*|[〇一二三四五六七八九十百千]{2,}/gu;

const count = (text: string, expression: RegExp) => text.match(expression)?.length ?? 0;

/** The signs in a question, each from 0 to 1. Lower case, composed characters (NFC). */
export function signsOf(question: string): Record<Sign, number> {
  const text = question.normalize("NFC").toLocaleLowerCase();
  const words = count(text, /[\p{L}\p{N}]+/gu) + count(text, new RegExp(unspaced.source, "gu")) / 2;
  const found = Object.fromEntries(patterns.map(([sign, p]) => [sign, Math.min(2, count(text, p)) / 2]));
  return {
    ...found,
    numbers: Math.min(3, count(text, digits) + count(text, numberWords)) / 3,
    operators: Math.min(2, count(text, /[+*/=<>^×÷%²]|\d\s*-\s*\d/gu)) / 2,
    long: Math.min(1, words / 30),
    short: words < 7 ? 1 : 0,
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

/** Decides whether a question is worth a chain of thought, and says why. */
export function needOf(question: string): Need {
  const found = Object.entries(signsOf(question)) as [Sign, number][];
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
