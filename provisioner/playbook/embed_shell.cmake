# Makes one C++ file of all shell/*.sh: cmake -DOUT=… -DFILES=a.sh,b.sh -P embed_shell.cmake
string(REPLACE "," ";" FILES "${FILES}")
set(rows "")
set(count 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} text)
  string(APPEND rows "    {\"${name}\", R\"SHELL(${text})SHELL\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT} "#include <string_view>
#include <utility>

namespace slipway::playbook {

extern const std::pair<std::string_view, std::string_view> shell_files[];
extern const size_t shell_file_count;
const std::pair<std::string_view, std::string_view> shell_files[] = {
${rows}};
const size_t shell_file_count = ${count};

}  // namespace slipway::playbook
")
