-- SPDX-License-Identifier: Apache-2.0
--- Invented names: common ones, long ones with `·`, and ones with rare characters.
local names = {}

local function words(text)
  local list = {}
  for word in text:gmatch("%S+") do list[#list + 1] = word end
  return list
end

local function characters(text)
  local list = {}
  for _, code in utf8.codes((text:gsub("%s", ""))) do list[#list + 1] = utf8.char(code) end
  return list
end

-- Written as often as they are drawn.
local FAMILY <const> = words [[
  王 王 王 王 王 李 李 李 李 李 张 张 张 张 张 刘 刘 刘 刘 陈 陈 陈 陈 杨 杨 杨 黄 黄 赵 赵 吴 吴 周 周
  徐 孙 马 朱 胡 郭 何 林 高 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 肖 田 董 袁 潘 于 蒋 蔡 余 杜 叶 程 苏 魏
  吕 丁 任 沈 姚 卢 姜 崔 钟 谭 陆 汪 范 金 石 廖 贾 夏 韦 付 方 白 邹 孟 熊 秦 邱 江 尹 薛 闫 段 雷 侯 龙 史
  陶 黎 贺 顾 毛 郝 龚 邵 万 钱 严 覃 武 戴 莫 孔 向 汤 欧阳 司马 诸葛 上官 皇甫 尉迟 令狐]]

local BOYS <const> = characters [[
  梓 轩 浩 宇 子 涵 俊 杰 博 文 天 佑 一 诺 泽 洋 宸 皓 铭 睿 嘉 懿 煜 城 思 远 致 明 立 果 伟 泽 弘 文 鹏 涛 晨
  志 强 建 国 凯 航 峰 磊 海 波 鑫 龙 飞 云 山 川 松 柏 景 行 书 言 知 远 希 哲 彦 霖 安 邦 卓 然 奕 辰 予 怀 瑾]]
local GIRLS <const> = characters [[
  欣 怡 雨 桐 诗 涵 梦 琪 可 馨 佳 慧 雅 静 婷 玉 兰 芳 娜 秀 英 敏 丽 娟 艳 雪 莹 晓 彤 若 曦 语 嫣 紫 萱 思 颖
  梓 琳 璇 舒 窈 清 婉 月 心 悦 美 霞 红 梅 燕 妍 菲 蕊 薇 荷 蓉 岚 珊 瑶 琴 露 沁 柔 宁 安 然 知 夏 初 晴 念 之]]

-- Parts that sound like transliterated names; no living person is meant.
local LONG <const> = {
  [1] = words "艾尔肯 吐尔洪 麦麦提江 阿卜杜热依木 努尔艾力 伊力亚尔 凯赛尔江 木拉提别克 阿力木江",
  [2] = words "阿依努尔 古丽巴哈尔 热依拉 阿孜古丽 迪丽努尔 米日班古丽 祖丽胡玛尔 阿米娜 帕丽扎提",
}
local LONG_FAMILY <const> =
  words "麦麦提 阿卜杜热西提 吐尔逊 艾合买提江 肉孜托合提 依布拉音 买买提艾力 阿布都克里木 玉素甫艾力"
local TIBETAN <const> = {
  [1] = words "洛桑顿珠 格桑旺堆 扎西平措 丹增嘉措 次仁多吉 强巴云丹 阿旺曲扎",
  [2] = words "次仁卓玛 格桑央金 德吉曲珍 白玛措姆 达娃拉姆 旦增白珍 仓姆决",
}

-- Characters that many a system loses: outside of the BMP, in extension A, late additions.
local RARE <const> = characters "𠮷 䶮 㛃 𬭎 𬍛 𫖯 㙦 䴔 𬱖 𫘧 㼆 𬀩 䲠 𪩘 昇 喆 堃 犇 翀 骉"

local function pick(random, list)
  return list[random(#list)]
end

function names.family(random)
  return pick(random, FAMILY)
end

--- A given name for sex 1 (male) or 2 (female).
function names.given(random, sex)
  local from = sex == 1 and BOYS or GIRLS
  local first = pick(random, from)
  if random(100) == 1 then return (random(2) == 1 and first or "") .. pick(random, RARE) end
  return random(10) == 1 and first or first .. pick(random, from)
end

--- A whole name of another people: name, ethnicity. Three parts at times.
function names.long(random, sex)
  if random(4) == 1 then return pick(random, TIBETAN[sex]), "藏族" end
  local name = pick(random, LONG[sex]) .. "·" .. pick(random, LONG_FAMILY)
  if random(3) == 1 then name = name .. "·" .. pick(random, LONG_FAMILY) end
  return name, "维吾尔族"
end

local OTHERS <const> = words "回族 满族 蒙古族 苗族 土家族 壮族 朝鲜族 彝族"

function names.ethnicity(random)
  return random(40) == 1 and pick(random, OTHERS) or "汉族"
end

return names
