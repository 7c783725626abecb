# Whatever goes on, such as a folder, gets no space behind it.
__ferry_complete() {
    local -ar open=("${(M)@:#([^:\\]|\\?)##([=\/]|\\:)(|:*)}")
    local -ar whole=("${@:#([^:\\]|\\?)##([=\/]|\\:)(|:*)}")
    _describe -V '' whole -- open -S ''
}

