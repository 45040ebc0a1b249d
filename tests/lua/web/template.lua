-- SPDX-License-Identifier: Apache-2.0
local html = require("web.html")
local template = require("web.template")
local test = require("test")

local function render(text, data, env, fragment)
  return tostring(template.compile(text, "page.html")(data, env, fragment))
end

local function refuses(w, part, text, data)
  w:expect_error(part, render, text, data)
end

-- Every way to leave a text that is commonly tried.
local HOSTILE <const> = {
  "<script>alert(1)</script>", "</script><script>alert(1)//", "\"><img src=x onerror=alert(1)>", "' autofocus onfocus='alert(1)",
  "javascript:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)", "JaVaScRiPt:alert(1)", "\1javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>", "vbscript:x", "jav&#x61;script:alert(1)", "-->", "<!--", "]]>", "${alert(1)}", "`",
  "\\\"", "\"+alert(1)+\"", ";alert(1)//", "</textarea><script>", "</title>", "\0<b>", "&lt;b&gt;", "x\" style=\"y", "\u{2028}alert(1)",
}

test("text is escaped", function(w)
  w:expect(render("<p><%= x %></p>", {x = "a < b & c > d"}), "<p>a &lt; b &amp; c &gt; d</p>")
  w:expect(render("<p><%= x %></p>", {x = 12}), "<p>12</p>")
  w:expect(render("<p><%= data.x %>|<%= x %></p>", {x = false}), "<p>|</p>")
end)

test("a quoted attribute cannot be left", function(w)
  w:expect(render('<p title="<%= x %>">', {x = [["'<>&]]}), '<p title="&quot;&#39;&lt;&gt;&amp;">')
  w:expect(render("<p title='<%= x %>'>", {x = "'"}), "<p title='&#39;'>")
end)

test("hostile texts stay texts in every place", function(w)
  for _, x in ipairs(HOSTILE) do
    local text = render("<p><%= x %></p>", {x = x})
    w:expect(text:sub(4, -5):find("[<>]"), nil)
    local quoted = render('<p title="<%= x %>">', {x = x}):sub(11, -3)
    w:expect(quoted:find("[<>\"']"), nil)
    local script = render("<script>let x = <%= x %></script>", {x = x}):sub(17, -10)
    w:expect(script:find("[<&]"), nil)
    local area = render("<textarea><%= x %></textarea>", {x = x}):sub(11, -12)
    w:expect(area:find("[<>]"), nil)
    local optional = render('<p title?="<%= x %>">', {x = x}):sub(11, -3)
    w:expect(optional:find("[<>\"']"), nil)
  end
end)

test("an address has a harmless scheme or becomes #", function(w)
  local function href(x)
    return render('<a href="<%= x %>">', {x = x}):sub(10, -3)
  end
  for _, x in ipairs(HOSTILE) do
    local scheme = href(x):lower():match("^%s*([%a][^/?#]*):")
    w:expect(scheme, nil)
    w:expect(href(x):find("[<>\"']"), nil)
  end
  for _, x in ipairs{"/o/1/leave", "https://example.cn/a?b=1", "HTTP://x", "mailto:a@b.cn", "tel:110", "?page=2", "#top", "a:b/../c" and "./a:b"} do
    w:expect(href(x), x)
  end
  w:expect(href("/a?b=1&c=2"), "/a?b=1&amp;c=2")
  w:expect(href("a:b"), "#")
  for _, name in ipairs{"src", "action", "formaction", "hx-post", "xlink:href"} do
    w:expect(render("<x " .. name .. '="<%= x %>">', {x = "javascript:1"}), "<x " .. name .. '="#">')
  end
end)

test("a value inside an address is encoded for its part", function(w)
  w:expect(render('<a href="/o/<%= a %>/x?q=<%= b %>&r=<%= c %>#<%= d %>">', {a = "a/b:c?", b = "x&y=1", c = "请假", d = "\"#"}),
    '<a href="/o/a/b%3Ac%3F/x?q=x%26y%3D1&r=%E8%AF%B7%E5%81%87#%22%23">')
  w:expect(render('<a href="<%= a %><%= b %>">', {a = "", b = "javascript:alert(1)"}), '<a href="javascript%3Aalert%281%29">')
  refuses(w, "javascript: is no address", '<a href="javascript:go()">')
  refuses(w, "javascript: is no address", '<a href=" java\nscript:go(<%= x %>)">', {x = 1})
  refuses(w, "data: address", '<img src="data:image/png;base64,<%= x %>">', {x = 1})
  w:expect(render('<img src="data:image/png;base64,AA">'), '<img src="data:image/png;base64,AA">')
end)

test("values are refused where no escaping helps", function(w)
  refuses(w, "attribute without quotes", "<p title=<%= x %>>", {x = 1})
  refuses(w, "attribute without quotes", "<p title=a<%= x %>>", {x = 1})
  refuses(w, "a tag's name", "<<%= x %>>", {x = "b"})
  refuses(w, "a tag's name", "<h<%= x %>>", {x = 1})
  refuses(w, "no value may stand in a tag", "<p <%= x %>>", {x = 1})
  refuses(w, "an attribute's name", "<p data-<%= x %>='1'>", {x = 1})
  refuses(w, "a comment", "<!-- <%= x %> -->", {x = 1})
  refuses(w, "a declaration", "<!doctype <%= x %>>", {x = 1})
  refuses(w, "<style>", "<style>p { color: <%= x %> }</style>", {x = 1})
  refuses(w, "<iframe>", "<iframe><%= x %></iframe>", {x = 1})
  refuses(w, "srcdoc=", '<iframe srcdoc="<%= x %>">', {x = 1})
  refuses(w, "srcset=", '<img srcset="<%= x %>">', {x = 1})
  refuses(w, "end tag", "</p <%= x %>>", {x = 1})
  refuses(w, "to= of <animate>", '<svg><animate to="<%= x %>">', {x = 1})
end)

test("style= and on…= do not compile", function(w)
  refuses(w, "style= does not work", '<p style="color: red">')
  refuses(w, "style= does not work", '<p STYLE="<%= x %>">', {x = 1})
  refuses(w, "onclick= does not work", '<p onclick="go()">')
  refuses(w, "onload= does not work", "<svg/onload=go()>")
  refuses(w, "hx-on:click= does not work", '<p hx-on:click="go()">')
  refuses(w, "onclick= does not work", '<p onclick<% if x then %><% end %>>', {x = 1})
end)

test("a script takes values as JSON, where code stands", function(w)
  w:expect(render("<script>let a = <%= x %>, b = [<%= y %>]</script>", {x = {b = "</script>", a = 1}, y = "'"}),
    [[<script>let a = {"a":1,"b":"\u003c/script>"}, b = ["'"]</script>]])
  w:expect(render('<script type="application/json"><%= x %></script>', {x = {1, 2.5, true}}),
    '<script type="application/json">[1,2.5,true]</script>')
  refuses(w, "string or comment", '<script>let a = "<%= x %>"</script>', {x = 1})
  refuses(w, "string or comment", "<script>let a = '\\'<%= x %>'</script>", {x = 1})
  refuses(w, "string or comment", "<script>let a = `<%= x %>`</script>", {x = 1})
  refuses(w, "string or comment", "<script>// <%= x %>\n</script>", {x = 1})
  refuses(w, "string or comment", "<script>/* <%= x %> */</script>", {x = 1})
  refuses(w, "regular expression", "<script>let a = /<%= x %>/</script>", {x = 1})
  refuses(w, "<!--", "<script><!-- <%= x %></script>", {x = 1})
  w:expect(render("<script>// it's\nlet a = 'x', /* ' */ b = <%= x %></script>", {x = 1}),
    "<script>// it's\nlet a = 'x', /* ' */ b = 1</script>")
end)

test("only markup passes unescaped, and only between tags", function(w)
  local bold = html.trusted("<b>1</b>")
  w:expect(render("<p><%- x %></p>", {x = bold}), "<p><b>1</b></p>")
  w:expect(render("<p><%= x %></p>", {x = bold}), "<p><b>1</b></p>")
  refuses(w, "page.html:2: <%- needs markup, not a string", "<p>\n<%- x %>", {x = "<b>"})
  refuses(w, "needs markup", "<%- data.x %>", {})
  refuses(w, "between tags only", '<p title="<%- x %>">', {x = bold})
  refuses(w, "between tags only", "<script><%- x %></script>", {x = bold})
  refuses(w, "between tags only", "<textarea><%- x %></textarea>", {x = bold})
  refuses(w, "markup cannot stand here", '<p title="<%= x %>">', {x = bold})
  refuses(w, "no text", "<%= x %>", {x = {}})
  w:expect_error("", function() html.trusted({}) end)
end)

test("markup cannot be forged", function(w)
  local fake = setmetatable({}, {__name = "html", __tostring = function() return "<b>" end})
  w:expect(html.is(fake), false)
  refuses(w, "needs markup", "<%- x %>", {x = fake})
  w:expect(getmetatable(html.trusted("x")), false)
end)

test("a short condition gives the same as a long one", function(w)
  local function both(inner, data)
    local short = render("<p<% if x then %>" .. inner, data)
    w:expect(short, render("<p<% do end if x then %>" .. inner, data))
    return short
  end
  w:expect(both(" class='a'<% end %>>", {x = true}), "<p class='a'>")
  w:expect(both(" class='a'<% end %>>", {x = false}), "<p>")
  w:expect(both(" title='<%= x %>'<% else %> hidden<% end %>>", {x = "<"}), "<p title='&lt;'>")
  w:expect(both(" title='<%= x %>'<% else %> hidden<% end %>>", {x = false}), "<p hidden>")
  w:expect(both("><%= y %><% else %>><%- z %><% end %>", {x = true, y = false, z = html.trusted("<b>")}), "<p>")
  w:expect(both("><%= y %><% else %>><%- z %><% end %>", {x = false, y = 1, z = html.trusted("<b>")}), "<p><b>")
  w:expect(both(" id?='<%= x %>'<% end %>>", {x = "i"}), '<p id="i">')
  w:expect(render("<% if x == 'a>b' and not y then %>1<% end %>", {x = "a>b", y = false}), "1")
  local asked = 0
  w:expect(render("<% if x'a' then %>1<%= 2 %>3<% else %>4<% end %>", {x = function() asked = asked + 1 return asked end}), "123")
  w:expect(asked, 1)
  w:expect(render("<script>let a = <% if x then %><%= y %><% else %>0<% end %></script>", {x = true, y = false}),
    "<script>let a = false</script>")
  refuses(w, "page.html:2: <%- needs markup, not a string", "\n<% if x then %><%- y %><% end %>", {x = true, y = false})
  refuses(w, "page.html:3: undefined variable 'y'", "\n\n<% if y then %>a<% end %>")
  refuses(w, "page.html:3: markup cannot stand here", "<p>\n\n<i title='a' id='<%= x %>'>", {x = html.trusted("")})
end)

test("an attribute may depend on a value", function(w)
  local text = '<input name="a" value?="<%= v %>" disabled?="<%= d %>">'
  w:expect(render(text, {v = "x\"", d = true}), '<input name="a" value="x&quot;" disabled>')
  w:expect(render(text, {v = false, d = false}), '<input name="a">')
  w:expect(render('<a href?="<%= x %>">', {x = "javascript:1"}), '<a href="#">')
  refuses(w, "exactly one value", '<a title?="x<%= x %>">', {x = 1})
  refuses(w, "exactly one value", '<a title?="<%= x %>y">', {x = 1})
  refuses(w, "exactly one value", '<a title?="<% if x then %>">', {x = 1})
  w:expect(render('<input<% if x then %> checked<% end %>>', {x = true}), "<input checked>")
  refuses(w, "put a space", '<input<% if x then %>checked<% end %>>', {x = true})
end)

test("code runs, with its own lines", function(w)
  w:expect(render("<ul>\n<% for _, x in ipairs(list) do %>\n  <li><%= x %></li>\n<% end %>\n</ul>", {list = {1, 2}}),
    "<ul>\n  <li>1</li>\n  <li>2</li>\n</ul>")
  w:expect(render("a <% local x = 1 -- remark %>b <%= x %>"), "a b 1")
  w:expect(render("<%# remark <b> %>a"), "a")
  w:expect(render('<% local s = "-- end do [[" --[=[ if x then ]=] %><%= s %>'), "-- end do [[")
end)

test("an error names the template's line", function(w)
  refuses(w, "page.html:3: undefined variable 'nmae'", "<p>\n\n<%= nmae %>\n", {name = 1})
  refuses(w, "page.html:4:", "<p>\n<% local x = nil %>\n\n<%= x.y %>\n")
  refuses(w, "page.html:5:", "<p>\n<% if true then %>\n<p title='a'\n id?='<%= data.a %>'>\n<%= data.x.y %>\n<% end %>")
  refuses(w, "page.html:2:", "<p>\n<%= 1 + %>")
  refuses(w, "page.html:2:", "<p>\n<%= 1) _out_[1] = (2 %>")
  refuses(w, "page.html:2:", "<p>\n<%= x -- remark %>", {x = 1})
  refuses(w, "page.html:3:", "<p>\n\n<% local = 1 %>")
  refuses(w, "page.html:2: <% without %>", "<p>\n<% if")
  refuses(w, "page.html:1: 'if' has no end", "<% if true then %>\n<p>")
  refuses(w, "page.html:2: 'end' without a beginning", "<p>\n<% end %>")
  refuses(w, "page.html:2: 'x' is not declared: write local x", "\n<% x = 1 %>")
end)

test("a template cannot reach beyond its data", function(w)
  for _, name in ipairs{"require", "load", "_G", "setmetatable", "getmetatable", "rawset", "pcall", "coroutine", "print"} do
    refuses(w, "undefined variable '" .. name .. "'", "<%= " .. name .. " %>")
  end
  w:expect(render("<%= error.word %>", {error = {word = "late"}}), "late")
  w:expect(render("<%= t('a') %> <%= x %>", {x = "data"}, {t = string.upper, x = "env"}), "A data")
  w:expect(render("<%= data.data %>", {data = {data = 7}}), "7")
end)

test("what the runs of a template share cannot be changed", function(w)
  refuses(w, "'_text_' is no name for a template", "<% _text_ = nil %>")
  refuses(w, "'_pass_' is no name for a template", "<% function _pass_() end %>")
  local NO_DATA <const> = "<% data.left = 1 %>"
  w:expect_error("cannot be changed", render, NO_DATA)
  local got
  render("<% got(_ENV) %>", {got = function(scope) got = scope end})
  w:expect(getmetatable(got), false)
end)

test("names between underscores are taken: pages of others cannot be reached by them", function(w)
  for _, text in ipairs{"<%= _out_[1] %>", "<% local x = _out_ %>", "<% _n_ = 5 %>", "<%- _markup_(x) %>"} do
    refuses(w, "page.html:1: '_", text, {x = 1})
  end
  w:expect(render("<% local _ = 1 %><%= _ %>"), "1")
end)

test("what stood in the buffer before is behind the end of every page", function(w)
  local core = require("core.html")
  render(("former page "):rep(500))
  w:expect_error("no function of a template", core.draw, function() return 5000 end, {})
  w:expect_error("no end of a page", core.put, 5000, "s", "x")
end)

test("a page keeps its variables to itself", function(w)
  local data = {x = 1}
  w:expect(render("<% x = x + 1 %><%= x %>", data), "2")
  w:expect(data.x, 1)
  w:expect(render("<%= x %><%= data.y %>", setmetatable({}, {__index = {x = 3, y = 4}})), "34")
  refuses(w, "page.html:2: undefined variable 'z'", "\n<%= z %>", setmetatable({}, {__index = {x = 3}}))
end)

test("a page inside a page, and one after an error, begin anew", function(w)
  local outer = template.compile("<a><% for i = 1, 3 do %><%- inner{i = i} %><% end %></a>", "outer.html")
  local inner = template.compile("<b><%= i %><% if i == data.bad then local x = data.none.x end %></b>", "inner.html")
  local function draw(bad)
    return tostring(outer({inner = function(given) return inner({i = given.i, bad = bad}) end}))
  end
  w:expect(draw(), "<a><b>1</b><b>2</b><b>3</b></a>")
  w:expect_error("inner.html:1: attempt", draw, 2)
  w:expect(draw(), "<a><b>1</b><b>2</b><b>3</b></a>")
end)

test("a list of markup is joined, texts in it are escaped", function(w)
  w:expect(tostring(html.join{html.trusted("<b>"), "<", {1, true, false, "&"}}), "<b>&lt;1true&amp;")
  w:expect(html.join(nil), false)
  w:expect(html.join(false), false)
  w:expect_error("has no text", html.join, {print})
  local deep = {}
  deep[1] = deep
  w:expect_error("more than 16 lists", html.join, deep)
  local wide = {}
  for _ = 1, 5 do
    wide = {wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide, wide}
  end
  w:expect_error("too many pieces", html.join, wide)
end)

test("branches end in one place, so that no condition moves a value", function(w)
  refuses(w, "'if' (line 1) ends in another place", "<% if x then %><p title='<% end %><%= y %>")
  refuses(w, "the branches of 'if' (line 1)", "<% if x then %><script><% else %><p><% end %><%= y %>")
  refuses(w, "'while' (line 1) ends in another place", "<% while x do %><p title='<% end %>")
  refuses(w, "'break' in another place", "<% for _ = 1, 2 do %><p title='<% if x then break end %>'><% end %>")
  refuses(w, "the template ends in", "<p title='<%= x %>", {x = 1})
  refuses(w, "ends in a comment", "<!-- ")
  refuses(w, "'return' stands outside", "<% return %>")
  refuses(w, "goto", "<% goto out %>")
  w:expect(render("<a href='<% if x then %>/a<% else %>/b?<% end %><%= y %>'>", {x = true, y = "c&d"}), "<a href='/ac%26d'>")
  w:expect(render("<% local function row(x) %><i><%= x %></i><% end %><% row(1) row(2) %>"), "<i>1</i><i>2</i>")
  w:expect(render("<% if a then %>1<% elseif b then %>2<% else %>3<% end %>", {a = false, b = true}), "2")
end)

test("a fragment renders in its page and alone", function(w)
  local text = "<h1><%= title %></h1>\n<% fragment \"rows\" %>\n<% for _, x in ipairs(list) do %><i><%= x %></i><% end %>\n<% end %>\n<p>"
  w:expect(render(text, {title = "t", list = {1, 2}}), "<h1>t</h1>\n<i>1</i><i>2</i>\n<p>")
  w:expect(render(text, {list = {3}}, nil, "rows"), "<i>3</i>\n")
  w:expect_error("has no fragment 'other'", render, text, {}, nil, "other")
  w:expect_error("page.html:3: undefined variable 'x'", render, "\n<% fragment 'a' %>\n<%= x %><% end %>", {}, nil, "a")
end)

test("a layout gets the page as its content", function(w)
  local files = {
    frame = "<title><%= title %></title><body><%- content %></body><%= t('x') %>",
    page = "<% layout(\"frame\", {title = name .. '!'}) %>\n<p><%= name %></p>",
  }
  local find = template.load(function(name) return files[name], "pages/" .. name .. ".html" end)
  w:expect(tostring(find("page")({name = "<n>"}, {t = string.upper})),
    "<title>&lt;n&gt;!</title><body><p>&lt;n&gt;</p></body>X")
  w:expect_error("there is no template 'other'", find, "other")
end)

test("a layout may be a component", function(w)
  local ui = {page = function(given) return html.trusted("<main>" .. given.title .. tostring(given.body) .. "</main>") end}
  w:expect(render("<% layout('page', {title = 't'}) %>\n<p>", {}, {ui = ui}), "<main>t<p></main>")
  w:expect_error("there is no layout 'page'", render, "<% layout('page') %><p>")
end)

test("a line may have many pieces", function(w)
  w:expect(render(("<%= x %>"):rep(300), {x = 1}), ("1"):rep(300))
  w:expect(render(("<i a?='<%= x %>'>"):rep(300), {x = true}), ("<i a>"):rep(300))
  w:expect(render("<% if x then %>" .. ("a<%= x %>"):rep(300) .. "<% end %>", {x = 1}), ("a1"):rep(300))
end)

test("a page has a largest size", function(w)
  w:expect_error("1048576 bytes", render, "<% for i = 1, 1100 do %><%= x %><% end %>", {x = ("x"):rep(1000)})
end)

test("pages are files of the app", function(w)
  local env = {t = function(key) return "<" .. key .. ">" end}
  w:expect(template.page("hello", {name = "Mo"}, env), "<title>&lt;title&gt;</title><p>Mo</p>\n\n")
  w:expect(template.exists("hello"), true)
  w:expect(template.exists("other"), false)
  w:expect_error("pages/hello.html:2: undefined variable 'name'", template.page, "hello", {}, env)
  w:expect_error("there is no template 'other'", template.page, "other")
  w:expect_error("not a file name", template.page, "../../test")
end)
