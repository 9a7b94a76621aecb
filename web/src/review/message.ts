/** The message to a district's association: always Chinese, ready to send. Pure. */

import type { Card, Question, QuestionKind } from './api';
import { placeText } from './compare';
import { headline, records } from './naming';
import { MARKS } from './spots';

const WANTED: Record<QuestionKind, string> = {
  same: '以上记录是否为同一场馆？如是，请告知规范名称和地址；如不是，请分别说明。',
  new: '该场馆是否存在、是否对公众开放？如是，请告知准确地址和联系电话。',
  place: '请告知该场馆的准确位置（门牌地址，或经纬度并注明坐标系）。',
  datum: '该清单中的经纬度采用哪一种坐标系（WGS84、CGCS2000、GCJ-02、BD-09）？',
};

/** Records told in full; a whole list needs no more. */
const TOLD = 4;

/** Rows are told as the district's own file shows them, so that somebody can find them there. */
function described(card: Card, mark: string): string {
  const { row } = card;
  const sheet = row?.sheet ? `〔${row.sheet}〕` : '';
  const where = row ? `${row.file}${sheet}第 ${row.row} 行` : (card.source ?? '登记簿');
  const facts = [
    card.address_zh && `地址：${card.address_zh}`,
    card.phone && `电话：${card.phone}`,
    card.lon !== null && `位置：${placeText(card)}（WGS84）`,
  ].filter(Boolean);
  return [`${mark}. ${card.name_zh ?? ''}（${where}，编号 ${card.venue_id}）`, ...facts].join(
    '\n   ',
  );
}

export function message(question: Question, who: string, today: string): string {
  const cards = records(question);
  const reasons = question.reasons.map((reason, index) => `${index + 1}. ${reason.zh}`);
  return [
    `${question.district_zh ?? '区'}科协：`,
    '',
    `您好！《${question.list_title}》中有一项内容需请贵单位核实——${headline(question)}：${question.title_zh}`,
    ...(reasons.length > 0 ? ['', '原因：', ...reasons] : []),
    '',
    '相关记录：',
    ...cards.slice(0, TOLD).map((card, index) => described(card, MARKS.charAt(index))),
    ...(cards.length > TOLD ? [`……等 ${cards.length} 条`] : []),
    '',
    WANTED[question.kind],
    '',
    `谢谢！（事项编号 ${question.id}）`,
    who,
    today,
  ].join('\n');
}
