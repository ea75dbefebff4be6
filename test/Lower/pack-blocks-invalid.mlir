// RUN: ntk-opt --ntk-pack-blocks -split-input-file -verify-diagnostics %s

// expected-error @+1 {{expected parameter 'w' of static tensor type, but got 'tensor<?xf32>'}}
func.func @dynamic_parameter(%n: index {ntk.size = "n"}, %w: tensor<?xf32> {ntk.param = "w"})
    attributes {ntk.role = "factors"} {
  return
}

// -----

func.func @one(%n: index {ntk.size = "n"}, %w: tensor<3xf32> {ntk.param = "w"})
    attributes {ntk.role = "factors"} {
  return
}
// expected-error @+1 {{expected parameter 'w' of type 'tensor<3xf32>' as in other functions, but got 'tensor<4xf32>'}}
func.func @other(%n: index {ntk.size = "n"}, %w: tensor<4xf32> {ntk.param = "w"})
    attributes {ntk.role = "factors"} {
  return
}

// -----

// expected-error @+1 {{expected factor 0 of side 1, but got factor 1}}
func.func @missing_factor(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %f: tensor<?x3xf32> {ntk.factor = 1 : i64, ntk.side = 1 : i64}) -> tensor<?x3xf32>
    attributes {ntk.role = "tile"} {
  return %f : tensor<?x3xf32>
}

// -----

// expected-error @+1 {{expected one result of a tile, but got 2}}
func.func @two_results(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %f: tensor<?x3xf32> {ntk.factor = 0 : i64, ntk.side = 1 : i64}) -> (tensor<?x3xf32>, tensor<?x3xf32>)
    attributes {ntk.role = "tile"} {
  return %f, %f : tensor<?x3xf32>, tensor<?x3xf32>
}

// -----

// expected-error @+1 {{expected results of tensor type, but got 'index'}}
func.func @index_result(%n: index {ntk.size = "n"}) -> index
    attributes {ntk.role = "factors"} {
  return %n : index
}
