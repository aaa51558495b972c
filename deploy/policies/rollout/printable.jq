# Text that a member, or the API server about it, has chosen, for a terminal: what it would obey or hide is spelled out.

def hexadecimal: if . < 16 then "0123456789abcdef"[.:.+1] else (. / 16 | floor | hexadecimal) + (. % 16 | hexadecimal) end;

def printable: gsub("(?<unseen>[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}])"; "\\u{\(.unseen | explode[0] | hexadecimal)}");
