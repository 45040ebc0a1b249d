-- SPDX-License-Identifier: Apache-2.0
--- Code tables: what is stored is the code, what people write is looked up here.
local codes = {}

--- GB/T 2261.1.
codes.GENDERS = {"0", "1", "2", "9"}
local GENDER_WORDS <const> = {["男"] = "1", ["女"] = "2", ["男性"] = "1", ["女性"] = "2",
                              ["1"] = "1", ["2"] = "2", M = "1", F = "2"}

-- GB/T 3304, in the order of its codes from 01.
local PEOPLES <const> = [[
  汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇
  柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京
  塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺]]

codes.PEOPLES = {}
local people_words = {["其他"] = "97", ["外国血统中国籍人士"] = "98"}
for word in PEOPLES:gmatch("%S+") do
  local code = ("%02d"):format(#codes.PEOPLES + 1)
  table.insert(codes.PEOPLES, code)
  people_words[word], people_words[word .. "族"], people_words[code] = code, code, code
end
for _, code in ipairs {"97", "98"} do table.insert(codes.PEOPLES, code) end

--- How a guardian is related. Own words until GB/T 4761 is at hand in its original.
codes.RELATIONS = {"father", "mother", "grandparent", "other"}
local RELATION_WORDS <const> = {
  ["父亲"] = "father", ["父"] = "father", ["爸爸"] = "father", ["父子"] = "father", ["父女"] = "father",
  ["母亲"] = "mother", ["母"] = "mother", ["妈妈"] = "mother", ["母子"] = "mother", ["母女"] = "mother",
  ["祖父"] = "grandparent", ["祖母"] = "grandparent", ["外祖父"] = "grandparent",
  ["外祖母"] = "grandparent", ["爷爷"] = "grandparent", ["奶奶"] = "grandparent",
  ["外公"] = "grandparent", ["外婆"] = "grandparent", ["姥爷"] = "grandparent",
  ["姥姥"] = "grandparent", ["祖父母"] = "grandparent", ["外祖父母"] = "grandparent",
  ["其他"] = "other", ["其他监护人"] = "other", ["其他亲属"] = "other",
}

codes.STAGES = {"primary", "junior", "senior"}
local STAGE_WORDS <const> = {["小学"] = "primary", ["初中"] = "junior", ["初级中学"] = "junior",
                             ["高中"] = "senior", ["普通高中"] = "senior"}

--- Each gives the code of a word, or nil.
function codes.gender(word) return GENDER_WORDS[word] end
function codes.people(word) return people_words[word] end
function codes.relation(word) return RELATION_WORDS[word] end
function codes.stage(word) return STAGE_WORDS[word] end

return codes
