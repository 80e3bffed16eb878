// The catalogues as a reader sees them: the signs that each language sets, one word for one thing, and no text put together outside of them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { en, type Catalogue } from "../../src/i18n/en";
import { fr } from "../../src/i18n/fr";
import { ja } from "../../src/i18n/ja";
import { vi } from "../../src/i18n/vi";

const others = { fr, ja, vi };

/** The messages in which `pattern` is found, each with its key. What people type to find something (`find.*`) is in their own words. */
const found = (catalogue: Catalogue, pattern: RegExp): string[] =>
  Object.entries(catalogue).flatMap(([key, text]) =>
    pattern.test(text) && !key.startsWith("find.") ? [`${key}: ${text}`] : [],
  );

const variables = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g))].sort();

describe.each(Object.entries(others))("the texts in %s", (_, catalogue) => {
  test("have the variables of the English ones", () => {
    for (const [key, text] of Object.entries(en))
      expect({ key, in: variables(catalogue[key as keyof Catalogue]) }).toEqual({ key, in: variables(text) });
  });
});

describe("every text", () => {
  test.each(Object.entries({ en, ...others }))(
    "is one line without spaces at its ends or in pairs: %s",
    (_, catalogue) => {
      const texts = Object.fromEntries(Object.entries(catalogue).filter(([key]) => key !== "text.separator"));
      expect(found(texts as Catalogue, /^\s|\s$|\s\s/)).toEqual([]);
    },
  );
});

describe("signs", () => {
  test("French: a space that does not break before : ; ? ! and within « »", () => {
    expect(found(fr, /(?<![\u00a0\u202f]):(?=\s|$)|(?<!\u202f)[;?!]|«(?!\u00a0)|(?<!\u00a0)»/)).toEqual([]);
    expect(found(fr, / [:;?!»]/)).toEqual([]);
  });

  test("French: one apostrophe", () => {
    expect(found(fr, /'/)).toEqual([]);
  });

  test("Japanese: full-width signs after Japanese", () => {
    expect(found(ja, /[\u3040-\u30ff\u4e00-\u9fff」）][?!:;,(]|\)[\u3040-\u30ff\u4e00-\u9fff]|）\s|\s（/)).toEqual([]);
  });
});

// One thing has one word. Left what is not written, right what is written instead.
const words: Record<keyof typeof others, [RegExp, string][]> = {
  fr: [
    [/\bthreads?\b/i, "worker"],
    [/(?:les|Conversations,) paramètres/i, "réglages"],
    [/carte graphique/i, "processeur graphique"],
    [/zéro octet/i, "aucun octet"],
    [/enregistrements/i, "données"],
    [/responsable de ce site/i, "personne qui gère ce site"],
    [/abîmé/i, "endommagé"],
    [/ce qui peut partir/i, "ce que vous pouvez supprimer"],
    [/(?:version|fichiers?) construite?s?/i, "compilée"],
  ],
  ja: [
    [/ブラウザ(?!ー)/, "ブラウザー"],
    [/パラメータ(?!ー)/, "パラメーター"],
    [/グラフィックス装置/, "グラフィックスデバイス"],
    [/機械/, "端末"],
    [/エクスポート/, "書き出し"],
    [/(?:会話|ファイル)(?:を|から.*)読み込(?:む|み$)/, "取り込む"],
    [/推論/, "思考"],
    [/方針/, "ポリシー"],
    [/保存領域/, "ストレージ"],
    [/技術情報/, "技術的な詳細"],
    [/発行元/, "公開元"],
    [/お試しください/, "試してください"],
  ],
  vi: [
    [/sổ mạng/i, "nhật ký mạng"],
    [/(?<!\p{L})két(?!\p{L})/iu, "kho mã hóa"],
    [/thiết bị đồ họa/i, "bộ xử lý đồ họa"],
    [/tải xuống/i, "tải về"],
    [/hội thoại/i, "cuộc trò chuyện"],
    [/người quản lý trang/i, "người quản trị trang"],
    [/oát/i, "W"],
    [/lô-gic/i, "logic"],
    [/động cơ/i, "chạy mô hình"],
    [/tiêu đề Connection/i, "header"],
    [/\}\} trên \{\{/, "{{n}}/{{total}}"],
    [/“Bộ nhớ”|màn hình Bộ nhớ/, "Lưu trữ"],
    [/suy luận/i, "suy nghĩ"],
  ],
};

test.each(Object.keys(others) as (keyof typeof others)[])("one word for one thing: %s", (code) => {
  for (const [wrong, right] of words[code]) expect(found(others[code], wrong), `instead: ${right}`).toEqual([]);
});

test("no text is put together outside of the catalogues with signs of one language", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.(?:svelte|ts)$/.test(file),
  );
  expect(files.length).toBeGreaterThan(100);
  // t(…) within a template or an element, with a colon, a comma or a bracket beside it.
  const beside = /\$?\{t\([^}]*\)\}\s?[:,;(]\s|[:,;(]\s?\$?\{t\([^}]*\)\}/;
  const wrong = files.flatMap((file) =>
    readFileSync(join("src", file), "utf8")
      .split("\n")
      .flatMap((line, i) => (beside.test(line) ? [`${file}:${i + 1} ${line.trim()}`] : [])),
  );
  expect(wrong).toEqual([]);
});
